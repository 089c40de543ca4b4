//! The HTTP side over jobs that are made up: real connections to a server on a port of its own.

mod client;
mod document;
mod errors;
mod fake;
mod hostile;
mod load;
mod reference;
mod security;
mod streams;

use crate::serve::settings::{HttpSettings, Token};
use client::Server;

/// A server that everybody on this machine may ask.
fn open() -> Server {
    Server::start(HttpSettings::default())
}

/// What the other one wants to be shown.
const AUTHORIZATION: &str = "Authorization: Bearer s3cret-token\r\n";

/// A server that only those may ask who know its token.
fn with_token() -> Server {
    let token = Some(Token::read("s3cret-token\n").unwrap());
    Server::start(HttpSettings { token, ..HttpSettings::default() })
}
