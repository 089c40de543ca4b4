//! Pages of other origins: they may read answers only where the settings say so (the fetch standard's
//! CORS protocol).

use super::fault::Fault;
use super::known::Known;
use super::settings::HttpSettings;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    HeaderMap, HeaderValue, ORIGIN, VARY,
};
use hyper::{Method, StatusCode};
use warp::reply::Response;

/// The request's origin, if it may read answers.
pub fn allowed<'a>(request: &'a HeaderMap, settings: &HttpSettings) -> Option<&'a HeaderValue> {
    let origin = request.get(ORIGIN)?;
    settings.allow_origin.iter().any(|allowed| allowed.as_bytes() == origin).then_some(origin)
}

/// The answer to a browser that asks before it sends what a page wants. None: it is no such question,
/// or nobody is allowed anything.
pub fn preflight(
    method: &Method,
    request: &HeaderMap,
    known: &Known,
    settings: &HttpSettings,
) -> Option<Result<Response, Fault>> {
    let asks = method == Method::OPTIONS && request.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if !asks || settings.allow_origin.is_empty() {
        return None;
    }
    if allowed(request, settings).is_none() {
        let message = "Pages of that origin may not ask: see --allow-origin.";
        return Some(Err(Fault::new(StatusCode::FORBIDDEN, message)));
    }
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    if let Ok(methods) = HeaderValue::from_str(&known.allow()) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    }
    let may_be_sent = "Authorization, Content-Type, If-None-Match, Last-Event-ID";
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(may_be_sent));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    Some(Ok(response))
}

/// What every answer says of origins.
pub fn mark(origin: Option<HeaderValue>, settings: &HttpSettings, headers: &mut HeaderMap) {
    if settings.allow_origin.is_empty() {
        return;
    }
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let may_be_read = "Allow, Content-Disposition, ETag, Flows-Not-Told, Link, Retry-After, \
            WWW-Authenticate";
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(may_be_read));
    }
}
