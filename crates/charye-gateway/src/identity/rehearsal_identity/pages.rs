//! Room: gateway/identity/rehearsal_identity. Its two pages: choose who you are, and go back. Plain, without script, for
//! people and for the rehearsal's own actors. Everything that came from outside is escaped.

use charye_engine::ports::{RehearsalCitizen, RehearsalFilter, RehearsalPeople as _};

use super::Shared;

/// People on a page.
const PEOPLE_MAX: usize = 50;

/// The page that asks who somebody is; `carried` comes back with the choice.
pub(super) fn choose(shared: &Shared, action: &str, name: &str, carried: &[(String, String)]) -> String {
    let filter = RehearsalFilter { name: name.to_owned(), ..RehearsalFilter::default() };
    let people = shared.people.list(&filter, None, PEOPLE_MAX);
    let hidden: String = carried.iter().map(|(name, value)| hidden_field(name, value)).collect();
    let button = |citizen: &RehearsalCitizen| {
        let (ko, en) = (escaped(&citizen.name_ko), escaped(&citizen.name_en));
        format!(
            "<li><button name=\"citizen\" value=\"{}\">{ko} ({en}), {}</button></li>\n",
            citizen.id.0, citizen.birth_date
        )
    };
    let people: String = people.iter().map(button).collect();
    page(&format!(
        "<form method=\"post\" action=\"{}\">{hidden}<ul>\n{people}</ul>\
         <button name=\"citizen\" value=\"none\">취소 / Cancel</button></form>",
        escaped(action)
    ))
}

/// The page that posts an answer back.
pub(super) fn post_back(action: &str, fields: &[(String, String)]) -> String {
    let hidden: String = fields.iter().map(|(name, value)| hidden_field(name, value)).collect();
    page(&format!(
        "<form method=\"post\" action=\"{}\">{hidden}<button>돌아가기 / Go back</button></form>",
        escaped(action)
    ))
}

fn page(body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"ko\"><head><meta charset=\"utf-8\"><title>모의훈련 / Rehearsal</title></head>\
         <body><p>모의훈련용 인증 화면이며, 화면에 나오는 사람은 가상입니다. This is a rehearsal's identity provider: nobody here is real.</p>{body}</body></html>\n"
    )
}

fn hidden_field(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escaped(name), escaped(value))
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
        escaped
    })
}
