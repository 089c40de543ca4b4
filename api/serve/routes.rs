//! Which path leads to which handler.

use super::body;
use super::fault::Fault;
use super::handlers::{
    about, directories, events, file, files, flows, sessions, statistics, windows,
};
use super::known::JobId;
use super::query::Query;
use super::shared::Shared;
use hyper::header::HeaderMap;
use std::convert::Infallible;
use std::sync::Arc;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Rejection, delete, get, path, post};

/// All routes, with and without `/v1` before them.
pub fn all(shared: &Arc<Shared>) -> BoxedFilter<(Response,)> {
    let routes = reference(shared).or(additions(shared)).unify().boxed();
    path("v1").and(routes.clone()).or(routes).unify().boxed()
}

/// Those of the reference API.
fn reference(shared: &Arc<Shared>) -> BoxedFilter<(Response,)> {
    let with = || with(shared);
    let process = path!("files" / "process").and(post()).and(with()).and(body::json());
    let status = path!("file" / JobId / "status").and(get()).and(with()).and(headers());
    let details = path!("file" / JobId / "details").and(get()).and(with());
    let all = path!("file" / JobId / "statistics").and(get()).and(with()).and(query());
    let labels =
        path!("file" / JobId / "statistics" / "labels").and(get()).and(with()).and(query());
    let ip = path!("file" / JobId / "statistics" / "ip").and(get()).and(with()).and(query());
    let flows_of_label = path!("file" / JobId / "flows" / "labels");
    let flows_of_label = flows_of_label.and(get()).and(with()).and(path::full()).and(query());
    either([
        // First what is asked most: those before it would each have to say no.
        status.then(file::status).and_then(done).boxed(),
        path!("files" / "list").and(get()).and(with()).then(files::list).and_then(done).boxed(),
        process.then(files::process).and_then(done).boxed(),
        details.then(file::details).and_then(done).boxed(),
        all.then(statistics::of_all).and_then(done).boxed(),
        labels.then(statistics::of_label).and_then(done).boxed(),
        ip.then(statistics::of_address).and_then(done).boxed(),
        flows_of_label.then(flows::of_label).and_then(done).boxed(),
        path!("labels" / "list").and(get()).and(with()).then(about::labels).and_then(done).boxed(),
    ])
}

/// What this server has beside them.
fn additions(shared: &Arc<Shared>) -> BoxedFilter<(Response,)> {
    let with = || with(shared);
    let flows = path!("file" / JobId / "flows").and(get()).and(with());
    let flows = flows.and(path::full()).and(query());
    let windows = path!("file" / JobId / "windows").and(get()).and(with());
    let windows = windows.and(path::full()).and(query());
    let sessions = path!("file" / JobId / "sessions").and(get()).and(with());
    let sessions = sessions.and(path::full()).and(query());
    let session = path!("file" / JobId / "sessions" / JobId).and(get()).and(with());
    let follow = path!("directories" / "process").and(post()).and(with()).and(body::json());
    let end = path!("file" / JobId / "end").and(post()).and(with());
    let document = path!("openapi.json").and(get()).and(with());
    either([
        path!("file" / JobId).and(delete()).and(with()).then(file::delete).and_then(done).boxed(),
        path!("file" / JobId / "events")
            .and(get())
            .and(with())
            .then(events::follow)
            .and_then(done)
            .boxed(),
        path!("directories").and(get()).and(with()).then(directories::list).and_then(done).boxed(),
        follow.then(directories::process).and_then(done).boxed(),
        end.then(directories::end).and_then(done).boxed(),
        flows.then(flows::page_or_export).and_then(done).boxed(),
        sessions.then(sessions::page).and_then(done).boxed(),
        session.then(sessions::one).and_then(done).boxed(),
        windows.then(windows::page_or_export).and_then(done).boxed(),
        path!("plugins").and(get()).and(with()).then(about::plugins).and_then(done).boxed(),
        path!("health").and(get()).and(with()).then(about::health).and_then(done).boxed(),
        path!("metrics").and(get()).and(with()).then(about::metrics).and_then(done).boxed(),
        document.then(about::document).and_then(done).boxed(),
    ])
}

/// The first of the routes that takes a request.
fn either<const N: usize>(routes: [BoxedFilter<(Response,)>; N]) -> BoxedFilter<(Response,)> {
    let nowhere = warp::any().and_then(|| async { Err::<Response, _>(warp::reject::not_found()) });
    routes.into_iter().rev().fold(nowhere.boxed(), |others, route| route.or(others).unify().boxed())
}

async fn done(answered: Result<Response, Fault>) -> Result<Response, Rejection> {
    Ok(answered?)
}

fn with(
    shared: &Arc<Shared>,
) -> impl Filter<Extract = (Arc<Shared>,), Error = Infallible> + Clone + Send + Sync + 'static {
    let shared = Arc::clone(shared);
    warp::any().map(move || Arc::clone(&shared))
}

fn headers()
-> impl Filter<Extract = (HeaderMap,), Error = Infallible> + Clone + Send + Sync + 'static {
    warp::header::headers_cloned()
}

fn query() -> impl Filter<Extract = (Query,), Error = Infallible> + Clone + Send + Sync + 'static {
    // The library's own query is refused where there is none.
    let raw = warp::query::raw().or(warp::any().map(String::new)).unify();
    raw.map(|raw: String| Query::read(&raw))
}
