//! Room: web. The one table of routes: method, path, who may call, who answers. What is not in the table does not exist,
//! and a table that contradicts itself does not start. Pages and API add their rows in `citizen/` and `api/`; `dispatch`
//! takes a request through it.
//!
//! Must never hold a handler's work, nor look at a request beyond its method and path.

mod dispatch;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use hyper::{HeaderMap, Method, StatusCode};

use crate::App;
use crate::api::doc::ApiDoc;
use crate::asked::{Answer, Asked};
use crate::gate::{Access, Surface};
use crate::problem::Problem;

pub use dispatch::Dispatch;

/// A request as a quick row sees it.
#[derive(Clone, Copy, Debug)]
pub struct Quick<'a> {
    pub app: &'a App,
    pub headers: &'a HeaderMap,
    /// Values of the path's placeholders, in order, percent-decoded.
    pub path: &'a [String],
    /// Without its question mark; empty if there is none.
    pub query: &'a str,
}

/// What answers a quick row: on the spot, with nothing to wait for.
pub type QuickHandler = fn(&Quick<'_>) -> Result<Answer, Problem>;

/// What answers a route.
pub type Handler = Arc<dyn Fn(Asked) -> HandlerFuture + Send + Sync>;

/// A handler at work.
pub type HandlerFuture = Pin<Box<dyn Future<Output = Result<Answer, Problem>> + Send>>;

/// One row of the table.
#[derive(Clone)]
pub struct Route {
    pub method: Method,
    /// With placeholders in braces: `/clinics/{clinic}`.
    pub path: &'static str,
    pub surface: Surface,
    pub access: Access,
    pub handler: Handler,
    /// The same for millions: without a body, a login or a wait. Its row is open to anyone, and checks its own proof.
    pub quick: Option<QuickHandler>,
    /// What the OpenAPI document says of it; every row of the API has one.
    pub doc: Option<ApiDoc>,
}

impl Route {
    /// A page's row.
    pub fn page<F>(
        method: Method,
        path: &'static str,
        access: Access,
        handler: impl Fn(Asked) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Answer, Problem>> + Send + 'static,
    {
        Self {
            method,
            path,
            surface: Surface::Page,
            access,
            handler: Arc::new(move |asked| Box::pin(handler(asked))),
            quick: None,
            doc: None,
        }
    }

    /// A row that is asked by everyone at once.
    pub fn quick(path: &'static str, surface: Surface, handler: QuickHandler) -> Self {
        let slow = move |asked: Asked| async move {
            let query = asked.target.split_once('?').map_or("", |(_, query)| query);
            handler(&Quick { app: &asked.app, headers: &asked.headers, path: &asked.path, query })
        };
        Self { surface, quick: Some(handler), ..Self::page(Method::GET, path, Access::Anyone, slow) }
    }

    /// A row of the API.
    pub fn api<F>(
        method: Method,
        path: &'static str,
        access: Access,
        handler: impl Fn(Asked) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Answer, Problem>> + Send + 'static,
    {
        Self { surface: Surface::Api, ..Self::page(method, path, access, handler) }
    }

    /// With what the OpenAPI document says of it.
    pub fn documented(self, doc: ApiDoc) -> Self {
        Self { doc: Some(doc), ..self }
    }
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {:?} {:?}", self.method, self.path, self.surface, self.access)
    }
}

/// Why a table does not start.
#[derive(Debug, thiserror::Error)]
pub enum TableFailure {
    #[error("route {method} {path} stands twice")]
    Twice { method: Method, path: &'static str },
    #[error("route path {path} does not fit the others")]
    Path { path: &'static str, source: matchit::InsertError },
    #[error(
        "route {method} {path} changes something for anyone without a sign-in, and is not on the list of those that may"
    )]
    OpenChange { method: Method, path: &'static str },
    #[error("route {method} {path} of the API has no documentation")]
    Undocumented { method: Method, path: &'static str },
}

/// The only routes that take a POST from people who have not signed in.
const OPEN_POSTS: &[&str] =
    &["/language", "/my-day", "/sign-in", "/sign-in/{provider}", "/sign-in/{provider}/callback", "/sign-out"];
/// The only routes of pages that take a POST from another site: an identity provider's page posts its answer. What counts
/// there is the sealed state that this browser carries, not who posts.
const FOREIGN_POSTS: &[&str] = &["/sign-in/{provider}/callback"];
const OPEN_API_POSTS: &[&str] = &[
    "/api/v1/campaigns/{campaign}/eligibility",
    "/api/v1/providers/{provider}/begin",
    "/api/v1/providers/{provider}/callback",
    "/api/v1/providers/{provider}/poll",
    "/api/v1/sign-in",
];

/// The table, ready to match.
pub struct RouteTable {
    paths: matchit::Router<usize>,
    /// For each path, its rows, each with the metric it counts in.
    rows: Vec<Vec<Row>>,
}

struct Row {
    route: Route,
    answered: [metrics::Counter; 5],
}

impl RouteTable {
    /// Checks and arranges the rows.
    ///
    /// # Errors
    /// A row stands twice, a path does not parse, or a change is open to the world without being listed as such.
    pub fn new(routes: Vec<Route>) -> Result<Self, TableFailure> {
        let mut table = Self { paths: matchit::Router::new(), rows: Vec::new() };
        let mut known: Vec<&'static str> = Vec::new();
        for route in routes {
            let (method, path) = (route.method.clone(), route.path);
            let listed = match route.surface {
                Surface::Page => OPEN_POSTS,
                Surface::Api => OPEN_API_POSTS,
            };
            if method != Method::GET && route.access == Access::Anyone && !listed.contains(&path) {
                return Err(TableFailure::OpenChange { method, path });
            }
            if route.surface == Surface::Api && route.doc.is_none() {
                return Err(TableFailure::Undocumented { method, path });
            }
            let index = match known.iter().position(|known| *known == path) {
                Some(index) => index,
                None => {
                    table.paths.insert(path, known.len()).map_err(|source| TableFailure::Path { path, source })?;
                    table.rows.push(Vec::new());
                    known.push(path);
                    known.len() - 1
                }
            };
            if table.rows[index].iter().any(|row| row.route.method == method) {
                return Err(TableFailure::Twice { method, path });
            }
            table.rows[index].push(Row::new(route));
        }
        Ok(table)
    }

    /// Every row, for documentation and for tests that try them all.
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.rows.iter().flatten().map(|row| &row.route)
    }

    fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let Ok(matched) = self.paths.at(path) else { return Found::NoPath };
        let rows = &self.rows[*matched.value];
        let wanted = if *method == Method::HEAD { &Method::GET } else { method };
        match rows.iter().find(|row| row.route.method == *wanted) {
            Some(row) => {
                let values = matched.params.iter().map(|(_, value)| percent_decoded(value)).collect();
                Found::Row { row, values }
            }
            None => Found::NoMethod(rows),
        }
    }
}

impl std::fmt::Debug for RouteTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.routes()).finish()
    }
}

impl Row {
    fn new(route: Route) -> Self {
        let class = |status: &'static str| {
            metrics::counter!("charye_http_requests_total",
                "method" => route.method.to_string(), "route" => route.path, "status" => status)
        };
        let answered = ["1xx", "2xx", "3xx", "4xx", "5xx"].map(class);
        Self { route, answered }
    }

    fn count(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        self.answered[class].increment(1);
    }
}

enum Found<'a> {
    Row { row: &'a Row, values: Option<Vec<String>> },
    NoMethod(&'a [Row]),
    NoPath,
}

fn percent_decoded(value: &str) -> Option<String> {
    percent_encoding::percent_decode_str(value).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn nothing(_: Asked) -> Result<Answer, Problem> {
        Err(Problem::new("not_found"))
    }

    fn table(routes: Vec<Route>) -> Result<RouteTable, TableFailure> {
        RouteTable::new(routes)
    }

    #[test]
    fn a_route_that_stands_twice_does_not_start() {
        let twice = vec![
            Route::page(Method::GET, "/find", Access::SignedIn, nothing),
            Route::page(Method::GET, "/find", Access::Anyone, nothing),
        ];
        assert!(matches!(table(twice), Err(TableFailure::Twice { path: "/find", .. })));
    }

    #[test]
    fn a_change_open_to_the_world_does_not_start_unless_listed() {
        let open = vec![Route::page(Method::POST, "/holds", Access::Anyone, nothing)];
        assert!(matches!(table(open), Err(TableFailure::OpenChange { path: "/holds", .. })));
        assert!(table(vec![Route::page(Method::POST, "/my-day", Access::Anyone, nothing)]).is_ok());
    }

    #[test]
    fn a_row_of_the_api_without_documentation_does_not_start() {
        let silent = vec![Route::api(Method::GET, "/api/v1/silent", Access::Anyone, nothing)];
        assert!(matches!(table(silent), Err(TableFailure::Undocumented { path: "/api/v1/silent", .. })));
    }

    #[test]
    fn path_tricks_find_nothing() {
        let table = table(vec![Route::page(Method::GET, "/find/{clinic}", Access::Inside, nothing)]).unwrap();
        for path in ["/Find/1", "//find/1", "/find/1/", "/find//1", "/find/../find/1/.", "/find", "find/1"] {
            assert!(matches!(table.find(&Method::GET, path), Found::NoPath), "{path}");
        }
        let Found::Row { values, .. } = table.find(&Method::HEAD, "/find/a%2Fb") else { panic!("found") };
        assert_eq!(values, Some(vec!["a/b".to_owned()]));
        assert!(matches!(table.find(&Method::DELETE, "/find/1"), Found::NoMethod(_)));
    }
}
