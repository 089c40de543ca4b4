//! A server that says what a test wants it to say, and remembers what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::spawn;

#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET /files/list`.
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }
}

pub struct Answer {
    pub status: u16,
    pub etag: Option<String>,
    pub body: String,
}

pub fn says(status: u16, body: &str) -> Answer {
    Answer { status, etag: None, body: body.to_owned() }
}

/// The API's shape of a refusal.
pub fn refuses(status: u16, message: &str) -> Answer {
    let body = serde_json::json!({ "status": status, "code": status, "message": message });
    says(status, &body.to_string())
}

pub struct Scripted {
    pub url: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Scripted {
    /// `script` answers; nothing: the connection is closed.
    pub fn new(script: impl FnMut(&Request) -> Option<Answer> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (script, remembered) = (Arc::new(Mutex::new(script)), Arc::clone(&seen));
        spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, seen) = (Arc::clone(&script), Arc::clone(&remembered));
                spawn(move || {
                    talk(&stream, |request| {
                        seen.lock().unwrap().push(request.clone());
                        (script.lock().unwrap())(request)
                    });
                });
            }
        });
        Self { url, seen }
    }

    /// Always the same answer.
    pub fn saying(status: u16, body: &str) -> Self {
        let body = body.to_owned();
        Self::new(move |_| Some(says(status, &body)))
    }

    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

fn talk(mut stream: &TcpStream, mut script: impl FnMut(&Request) -> Option<Answer>) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let Some(Answer { status, etag, body }) = script(&request) else { return };
        let mut head = format!("HTTP/1.1 {status} Words\r\nContent-Type: application/json\r\n");
        if let Some(etag) = etag {
            head += &format!("ETag: {etag}\r\n");
        }
        if status != 304 {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        if stream.write_all(format!("{head}\r\n{body}").as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut request = Request { line: line(reader)?, ..Request::default() };
    request.line = request.line.trim_end_matches(" HTTP/1.1").to_owned();
    loop {
        let line = line(reader)?;
        let Some((name, value)) = line.split_once(": ") else { break };
        request.headers.push((name.to_lowercase(), value.to_owned()));
    }
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).unwrap();
    Some(request)
}

fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    (reader.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_owned())
}
