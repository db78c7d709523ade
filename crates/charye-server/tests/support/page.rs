//! A page as a browser without a screen reads it: its links and its forms.

use super::{Answer, Client};

/// The first link on a page whose address contains `part`, as it would be followed.
pub(crate) fn link(page: &str, part: &str) -> String {
    links(page).into_iter().find(|link| link.contains(part)).unwrap_or_else(|| panic!("no link to {part}:\n{page}"))
}

fn links(page: &str) -> Vec<String> {
    page.split("<a ").skip(1).filter_map(|rest| attribute(rest.split('>').next()?, "href")).collect()
}

/// A form, filled in as it came, with the first of each group of choices taken.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    action: String,
    fields: Vec<(String, String)>,
}

impl Form {
    /// The first form on the page that posts to `action`.
    pub(crate) fn of(page: &str, action: &str) -> Self {
        let forms = page.split("<form ").skip(1).filter_map(|rest| rest.split("</form>").next());
        let form = forms.into_iter().find(|form| {
            let tag = form.split('>').next().unwrap();
            attribute(tag, "method").as_deref() == Some("post") && attribute(tag, "action").as_deref() == Some(action)
        });
        let form = form.unwrap_or_else(|| panic!("no form posts to {action}:\n{page}"));
        let mut fields: Vec<(String, String)> = Vec::new();
        for tag in form.split("<input ").skip(1).filter_map(|rest| rest.split('>').next()) {
            let Some(name) = attribute(tag, "name") else { continue };
            if fields.iter().all(|(known, _)| *known != name) {
                fields.push((name, attribute(tag, "value").unwrap_or_default()));
            }
        }
        Self { action: action.to_owned(), fields }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn value(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map_or_else(|| panic!("no field {name} in {self:?}"), |(_, value)| value)
    }

    pub(crate) fn send(&self, client: &mut Client) -> Answer {
        let fields: Vec<_> = self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        client.post(&self.action, &fields)
    }

    /// Sends it, and opens the page that the answer leads to.
    pub(crate) fn follow(&self, client: &mut Client) -> Answer {
        let answer = self.send(client).expect(303);
        let to = answer.header("location").unwrap().to_owned();
        client.get(&to)
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split(&format!("{name}=\"")).nth(1)?.split('"').next()?;
    Some(unescaped(value))
}

fn unescaped(text: &str) -> String {
    let entities = [("&#38;", "&"), ("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}
