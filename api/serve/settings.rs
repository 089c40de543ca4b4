//! How the server is to behave towards its clients.

use super::limits::CONNECTIONS_MAX;
use std::fmt;
use std::net::SocketAddr;
use subtle::ConstantTimeEq;

/// What `tractor serve` says of the HTTP side.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// What every request but that for `/health` has to show.
    pub token: Option<Token>,
    /// Names that clients may call the server by, beside loopback ones and the address it is reached at.
    pub allowed_hosts: Vec<String>,
    /// Origins whose pages may read answers: `https://host` or `https://host:port`.
    pub allow_origin: Vec<String>,
    pub connections_max: usize,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            token: None,
            allowed_hosts: Vec::new(),
            allow_origin: Vec::new(),
            connections_max: CONNECTIONS_MAX,
        }
    }
}

/// A secret that is sent as `Authorization: Bearer …`; it is never printed.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// The token in a file's text, without the space around it.
    ///
    /// # Errors
    /// A sentence, when a header could not carry it.
    pub fn read(text: &str) -> Result<Self, String> {
        let token = text.trim();
        if token.is_empty() {
            return Err("the token is empty".to_owned());
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the token is not one word of printable ASCII".to_owned());
        }
        Ok(Self(token.to_owned()))
    }

    /// Whether `given` is the token. How long that takes tells nothing of it but its length.
    pub(super) fn is(&self, given: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(given).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token")
    }
}

/// Whether the server may listen there: results are not for everybody on a network.
///
/// # Errors
/// A sentence that says what is missing.
pub fn check_listen(address: SocketAddr, has_token: bool) -> Result<(), String> {
    if has_token || address.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    Err(format!("{address} can be reached from other machines: give --token-file to listen there"))
}

/// Whether a browser would send this text as the origin of a page.
///
/// # Errors
/// A sentence that says how an origin looks.
pub fn check_origin(origin: &str) -> Result<(), String> {
    let uri = origin.parse::<hyper::Uri>().ok();
    let parts = uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.authority()?.as_str())));
    let as_sent = parts.map(|(scheme, authority)| format!("{scheme}://{authority}"));
    match as_sent.as_deref() == Some(origin) && !origin.contains('@') {
        true => Ok(()),
        false => Err(format!("{origin} is no origin like https://host or https://host:port")),
    }
}
