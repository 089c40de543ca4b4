//! Answers as JSON, and those that a client may already have.

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CharEscape, Formatter};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Write};
use warp::reply::Response;

/// JSON that stays text wherever it is put: names come out of captures, and a page that shows one
/// carelessly must not run it.
struct Inert;

impl Formatter for Inert {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(place) = rest.find(['<', '>', '&']) {
            writer.write_all(&rest.as_bytes()[..place])?;
            self.write_char_escape(writer, CharEscape::AsciiControl(rest.as_bytes()[place]))?;
            rest = &rest[place + 1..];
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Writes a value as JSON in which `<`, `>` and `&` are escaped.
pub fn write_json<T: Serialize>(writer: impl Write, value: &T) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(writer, Inert)).map_err(io::Error::from)
}

/// The bytes of such JSON.
pub fn json_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Our own types always have a form in JSON, and memory takes all bytes.
    if let Err(cause) = write_json(&mut bytes, value) {
        tracing::error!("an answer has no form in JSON: {cause}");
    }
    bytes
}

/// A body of one type.
pub fn of_type(content_type: &'static str, bytes: Vec<u8>) -> Response {
    let mut response = Response::new(bytes.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// What is JSON already, made inert. Such letters stand in strings alone.
pub fn json_text(text: &str) -> Response {
    let mut inert = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => inert.push_str("\\u003c"),
            '>' => inert.push_str("\\u003e"),
            '&' => inert.push_str("\\u0026"),
            letter => inert.push(letter),
        }
    }
    of_type("application/json", inert.into_bytes())
}

pub fn json<T: Serialize>(value: &T) -> Response {
    of_type("application/json", json_bytes(value))
}

/// JSON with its `ETag`; only 304 for a client that has it already.
pub fn json_once<T: Serialize>(value: &T, request: &HeaderMap) -> Response {
    let bytes = json_bytes(value);
    let mut hasher = DefaultHasher::new();
    hasher.write(&bytes);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let mut response = match has(request, &tag) {
        true => {
            let mut unchanged = Response::default();
            *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
            unchanged
        }
        false => of_type("application/json", bytes),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    response
}

/// Whether `If-None-Match` names the tag (RFC 9110, 13.1.2: compared without its `W/`).
fn has(request: &HeaderMap, tag: &str) -> bool {
    let lists = request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
    tags.any(|given| given == "*" || given.trim_start_matches("W/") == tag)
}
