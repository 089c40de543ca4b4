//! What holds for every request, whichever route it takes: who may ask, HEAD, panics, headers of the
//! answer, measurements and the access log.

use super::fault::{Fault, recover};
use super::known::{self, Known};
use super::limits::LOGGED_PATH_CHARACTERS_MAX;
use super::shared::Shared;
use super::{cors, guard, routes};
use futures_util::FutureExt;
use hyper::body::{Body, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::service::Service as _;
use hyper::{Method, Request, StatusCode};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;
use warp::Filter;
use warp::reply::Response;

/// The one path that needs no token: who watches whether the server lives has none.
const OPEN: &str = "/health";

type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// The routes; the library's own type for them has no name.
type Routes = Box<dyn Fn(Request<Incoming>) -> Answering + Send + Sync>;

/// Where a connection goes from and to.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    pub client: SocketAddr,
    pub server: SocketAddr,
}

pub struct Front {
    pub shared: Arc<Shared>,
    routes: Routes,
}

impl Front {
    pub fn new(shared: Arc<Shared>) -> Self {
        let routes = routes::all(&shared).recover(recover).unify().boxed();
        let routes = TowerToHyperService::new(warp::service(routes));
        let answer = move |request| -> Answering {
            let answering = routes.call(request);
            Box::pin(async move {
                let Ok(response) = answering.await;
                response
            })
        };
        Self { shared, routes: Box::new(answer) }
    }

    /// Answers a request, whatever happens.
    pub async fn answer(self: Arc<Self>, request: Request<Incoming>, ends: Ends) -> Response {
        let begin = Instant::now();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let known = known::find(&path);
        let origin = cors::allowed(request.headers(), &self.shared.settings).cloned();
        let answered = AssertUnwindSafe(self.admit(request, known, ends)).catch_unwind().await;
        let answered = answered.unwrap_or_else(|_| Err(Fault::internal("a handler panicked")));
        let mut response = answered.unwrap_or_else(Fault::into_response);
        self.finish(&mut response, known, origin);
        let status = response.status().as_u16();
        let took = begin.elapsed();
        let route = known.map_or("(other)", |known| known.template.as_str());
        self.shared.metrics.answered(route, status, took);
        tracing::info!(
            target: "tractor::access",
            %method,
            path = %printable(&path),
            status,
            us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            bytes = response.body().size_hint().exact(),
            client = %ends.client,
        );
        response
    }

    async fn admit(
        &self,
        request: Request<Incoming>,
        known: Option<&Known>,
        ends: Ends,
    ) -> Result<Response, Fault> {
        let (mut parts, body) = request.into_parts();
        if let Some(response) = self.check(&parts, known, ends)? {
            return Ok(response);
        }
        // The body of the answer is left away further down.
        if parts.method == Method::HEAD && known.is_some_and(Known::has_head) {
            parts.method = Method::GET;
        }
        Ok((self.routes)(Request::from_parts(parts, body)).await)
    }

    fn check(
        &self,
        request: &Parts,
        known: Option<&Known>,
        ends: Ends,
    ) -> Result<Option<Response>, Fault> {
        let settings = &self.shared.settings;
        guard::check_host(request, settings, ends.server.ip())?;
        // A browser asks this without the token.
        let asked = known
            .and_then(|known| cors::preflight(&request.method, &request.headers, known, settings));
        if let Some(answer) = asked {
            return answer.map(Some);
        }
        if known.is_none_or(|known| known.template != OPEN) {
            guard::check_token(request, settings)?;
        }
        Ok(None)
    }

    fn finish(&self, response: &mut Response, known: Option<&Known>, origin: Option<HeaderValue>) {
        let allow = known
            .filter(|_| response.status() == StatusCode::METHOD_NOT_ALLOWED)
            .and_then(|known| HeaderValue::from_str(&known.allow()).ok());
        let headers = response.headers_mut();
        if let Some(allow) = allow {
            headers.insert(ALLOW, allow);
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let policy = "default-src 'none'; frame-ancestors 'none'";
        headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(policy));
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        cors::mark(origin, &self.shared.settings, headers);
    }
}

/// A path for the log: in one line, which is not for ever.
fn printable(path: &str) -> String {
    crate::messages::printable(path.chars().take(LOGGED_PATH_CHARACTERS_MAX).collect::<String>())
}
