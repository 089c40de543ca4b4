//! What is answered when something cannot be done: always in the shape of `views::Error`.

use super::limits::RETRY_AFTER_S;
use super::reply;
use super::service::Refusal;
use super::views::Error;
use hyper::StatusCode;
use hyper::header::{CONNECTION, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use std::convert::Infallible;
use warp::Rejection;
use warp::reject::{MethodNotAllowed, Reject};
use warp::reply::Response;

/// Why there is no answer.
#[derive(Clone, Debug)]
pub struct Fault {
    status: StatusCode,
    /// One sentence for the client.
    message: String,
    retry_after_s: Option<u64>,
    /// What the log says beside it.
    cause: Option<String>,
}

impl Reject for Fault {}

impl Fault {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), retry_after_s: None, cause: None }
    }

    /// 400.
    pub fn wrong(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 404, in the words of the reference.
    pub fn unknown_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found")
    }

    /// 503: it may be otherwise soon.
    pub fn busy(message: impl Into<String>) -> Self {
        let busy = Self::new(StatusCode::SERVICE_UNAVAILABLE, message);
        Self { retry_after_s: Some(RETRY_AFTER_S), ..busy }
    }

    /// 500, in the words of the reference; the cause is for the log.
    pub fn internal(cause: impl Into<String>) -> Self {
        let internal = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error");
        Self { cause: Some(cause.into()), ..internal }
    }

    pub fn into_response(self) -> Response {
        if let Some(cause) = &self.cause {
            tracing::error!("{cause}");
        }
        let code = self.status.as_u16();
        let error = Error { status: code, code, message: self.message };
        let mut response = reply::json(&error);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        match self.status {
            StatusCode::UNAUTHORIZED => {
                let scheme = HeaderValue::from_static("Bearer realm=\"tractor\"");
                headers.insert(WWW_AUTHENTICATE, scheme);
            }
            // What is left of the body would be taken for the next request.
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::LENGTH_REQUIRED
            | StatusCode::PAYLOAD_TOO_LARGE => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Wrong(message) => Self::wrong(message),
            Refusal::NotFound(message) => Self::new(StatusCode::NOT_FOUND, message),
            Refusal::Conflict(message) => Self::new(StatusCode::CONFLICT, message),
            Refusal::Busy { message, retry_after_s } => {
                Self { retry_after_s: Some(retry_after_s), ..Self::busy(message) }
            }
            Refusal::StorageFull(message) => Self::new(StatusCode::INSUFFICIENT_STORAGE, message),
            Refusal::Internal(cause) => Self::internal(cause),
        }
    }
}

/// Every rejection of the routes becomes an answer here.
pub async fn recover(rejection: Rejection) -> Result<Response, Infallible> {
    let fault = if let Some(fault) = rejection.find::<Fault>() {
        fault.clone()
    } else if rejection.is_not_found() {
        Fault::unknown_path()
    } else if rejection.find::<MethodNotAllowed>().is_some() {
        // The front adds `Allow`.
        Fault::new(StatusCode::METHOD_NOT_ALLOWED, "This path does not take that method.")
    } else {
        Fault::internal(format!("a rejection that has no answer: {rejection:?}"))
    };
    Ok(fault.into_response())
}
