//! Asks a server over HTTP, and puts what goes wrong into a sentence.

use crate::serve::views::{
    DirectoryRequest, EndRequest, Error as Refusal, File, FileStatus, ProcessRequest,
};
use serde::Serialize;
use std::io;
use std::path::Path;
use std::time::Duration;
use ureq::http::{Response, StatusCode, header};
use ureq::{Agent, Body, Error};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Of a request with its answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes of an answer: a list of a million files. A longer one is not read.
const ANSWER_BYTES_MAX: u64 = 512 << 20;

/// Bytes of an answer that says no.
const REFUSAL_BYTES_MAX: u64 = 64 << 10;

/// Bytes of a file with a token.
const TOKEN_BYTES_MAX: usize = 4 << 10;

pub struct Client {
    agent: Agent,
    server: String,
    /// The value of the header.
    authorization: Option<String>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Trouble {
    /// Nobody answers, or not as the API does.
    Unreachable(String),
    /// The server cannot yet.
    Busy(String),
    /// The server says no.
    Refused(String),
}

impl Trouble {
    pub fn sentence(&self) -> &str {
        match self {
            Self::Unreachable(text) | Self::Busy(text) | Self::Refused(text) => text,
        }
    }
}

/// What a server says of a job, and its mark by which one can ask whether it is still so.
pub struct Status {
    pub status: FileStatus,
    pub etag: Option<String>,
}

impl Client {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// A sentence, when there is no token in the file.
    pub fn new(server: &str, token_file: Option<&Path>) -> Result<Self, String> {
        // What is wrong is said in the body; and no other place is shown the token.
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(REQUEST_TIMEOUT))
            .user_agent(concat!("tractor/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        let token = token_file.map(read_token).transpose()?;
        let authorization = token.map(|token| format!("Bearer {token}"));
        Ok(Self { agent, server: server.to_owned(), authorization })
    }

    /// The captures of the server's folder.
    ///
    /// # Errors
    /// Why there is no answer; as below.
    pub fn files(&self) -> Result<Vec<File>, Trouble> {
        let mut answer = self.get("/files/list", None)?;
        self.read(answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_json())
    }

    /// How far a job is; nothing when that is still what was marked so.
    ///
    /// # Errors
    /// As above.
    pub fn status(&self, job: u64, etag: Option<&str>) -> Result<Option<Status>, Trouble> {
        let mut answer = self.get(&format!("/file/{job}/status"), etag)?;
        if answer.status() == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        let etag = answer.headers().get(header::ETAG);
        let etag = etag.and_then(|mark| mark.to_str().ok()).map(str::to_owned);
        let status = self.read(answer.body_mut().read_json())?;
        Ok(Some(Status { status, etag }))
    }

    /// The folder of captures and those in it, each with the job that follows it.
    ///
    /// # Errors
    /// As above.
    pub fn directories(&self) -> Result<Vec<File>, Trouble> {
        let mut answer = self.get("/directories", None)?;
        self.read(answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_json())
    }

    /// Asks for a job.
    ///
    /// # Errors
    /// As above.
    pub fn process(&self, request: &ProcessRequest) -> Result<FileStatus, Trouble> {
        self.post("/files/process", request)
    }

    /// Asks for a folder to be followed.
    ///
    /// # Errors
    /// As above.
    pub fn process_directory(&self, request: &DirectoryRequest) -> Result<FileStatus, Trouble> {
        self.post("/directories/process", request)
    }

    /// Ends the stream of a followed folder.
    ///
    /// # Errors
    /// As above.
    pub fn end(&self, job: u64) -> Result<FileStatus, Trouble> {
        self.post(&format!("/file/{job}/end"), &EndRequest {})
    }

    fn post(&self, path: &str, request: &impl Serialize) -> Result<FileStatus, Trouble> {
        let post = self.agent.post(format!("{}{path}", self.server));
        let mut post = post.content_type("application/json");
        if let Some(authorization) = &self.authorization {
            post = post.header(header::AUTHORIZATION, authorization);
        }
        let mut answer = self.judged(post.send_json(request))?;
        self.read(answer.body_mut().read_json())
    }

    fn get(&self, path: &str, etag: Option<&str>) -> Result<Response<Body>, Trouble> {
        let mut get = self.agent.get(format!("{}{path}", self.server));
        if let Some(authorization) = &self.authorization {
            get = get.header(header::AUTHORIZATION, authorization);
        }
        if let Some(etag) = etag {
            get = get.header(header::IF_NONE_MATCH, etag);
        }
        self.judged(get.call())
    }

    /// An answer that says yes.
    fn judged(&self, answer: Result<Response<Body>, Error>) -> Result<Response<Body>, Trouble> {
        let mut answer = answer.map_err(|cause| self.unreachable(&cause))?;
        let status = answer.status();
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            return Ok(answer);
        }
        let body = answer.body_mut().with_config().limit(REFUSAL_BYTES_MAX);
        let sentence = match body.read_json::<Refusal>() {
            Ok(refusal) => {
                let message = refusal.message.trim_end_matches('.');
                format!("{message} ({})", refusal.status)
            }
            // Something between us and the server, or no server of ours.
            Err(_) => format!("{} answered {status}", self.server),
        };
        Err(match status {
            StatusCode::SERVICE_UNAVAILABLE => Trouble::Busy(sentence),
            StatusCode::UNAUTHORIZED if self.authorization.is_none() => {
                Trouble::Refused(format!("{sentence}; show a token with --token-file"))
            }
            _ => Trouble::Refused(sentence),
        })
    }

    fn read<T>(&self, answer: Result<T, Error>) -> Result<T, Trouble> {
        answer.map_err(|cause| self.unreachable(&cause))
    }

    fn unreachable(&self, cause: &Error) -> Trouble {
        let server = &self.server;
        Trouble::Unreachable(match cause {
            Error::Io(cause) if cause.kind() == io::ErrorKind::ConnectionRefused => {
                format!("nobody answers at {server}: is tractor serve running there?")
            }
            Error::Io(cause) => {
                let cause = cause.to_string();
                let words = cause.split(" (os error").next().unwrap_or_default();
                format!("{server} cannot be asked: {words}")
            }
            Error::Timeout(_) => format!("{server} did not answer in time"),
            Error::HostNotFound => format!("{server} cannot be asked: there is no such host"),
            Error::Json(cause) => {
                format!("{server} does not answer as tractor serve does: {cause}")
            }
            cause => format!("{server} cannot be asked: {cause}"),
        })
    }
}

/// The token without the line's end.
fn read_token(path: &Path) -> Result<String, String> {
    let cannot = |cause: &str| format!("cannot read {}: {cause}", path.display());
    let text = crate::config::read_text(path, TOKEN_BYTES_MAX)?;
    let token = text.trim();
    match token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Err(cannot("a token is one word of visible ASCII characters")),
        false => Ok(token.to_owned()),
    }
}
