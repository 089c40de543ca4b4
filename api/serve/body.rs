//! The JSON body of a request.

use super::fault::Fault;
use super::limits::{BODY_BYTES_MAX, BODY_READ_MS};
use bytes::Buf;
use futures_util::{Stream, StreamExt};
use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::pin::pin;
use std::time::Duration;
use tokio::time::timeout;
use warp::{Filter, Rejection};

/// Takes the body, judged by its headers before a byte of it is read.
pub fn json<T: DeserializeOwned + Send>()
-> impl Filter<Extract = (T,), Error = Rejection> + Clone + Send + Sync + 'static {
    let headers = warp::header::headers_cloned();
    headers.and(warp::body::stream()).and_then(|headers: HeaderMap, body| async move {
        Ok::<T, Rejection>(read(&headers, body).await?)
    })
}

async fn read<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
) -> Result<T, Fault> {
    check(headers)?;
    let whole = timeout(Duration::from_millis(BODY_READ_MS), collect(body)).await;
    let late = |_| Fault::new(StatusCode::REQUEST_TIMEOUT, "The body did not come in time.");
    let bytes = whole.map_err(late)??;
    // First as any value: that bounds its depth everywhere, and fields have no order in it.
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|cause| Fault::wrong(format!("The body is not JSON: {cause}.")))?;
    if !value.is_object() {
        return Err(Fault::wrong("The body is not an object."));
    }
    serde_json::from_value(value)
        .map_err(|cause| Fault::wrong(format!("The body is not as documented: {cause}.")))
}

fn check(headers: &HeaderMap) -> Result<(), Fault> {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    // Without it the body is sent in chunks, or there is none.
    let Some(length) = length.and_then(|length| length.parse::<u64>().ok()) else {
        return Err(Fault::new(
            StatusCode::LENGTH_REQUIRED,
            "The body's Content-Length is needed.",
        ));
    };
    if length > BODY_BYTES_MAX {
        let message = format!("The body has more than {BODY_BYTES_MAX} bytes.");
        return Err(Fault::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    let media_type = headers.get(CONTENT_TYPE).and_then(|media_type| media_type.to_str().ok());
    let media_type = media_type.and_then(|text| text.split(';').next()).map(str::trim);
    if !media_type.is_some_and(|text| text.eq_ignore_ascii_case("application/json")) {
        let message = "The body's Content-Type is not application/json.";
        return Err(Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let encodings = headers.get_all(CONTENT_ENCODING).iter();
    if encodings.into_iter().any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        let message = "The body has a Content-Encoding, and none is known.";
        return Err(Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    Ok(())
}

async fn collect(
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
) -> Result<Vec<u8>, Fault> {
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    while let Some(piece) = body.next().await {
        let mut piece = piece.map_err(|_| Fault::wrong("The body broke off."))?;
        while piece.has_remaining() {
            let chunk = piece.chunk();
            bytes.extend_from_slice(chunk);
            let length = chunk.len();
            piece.advance(length);
        }
    }
    Ok(bytes)
}
