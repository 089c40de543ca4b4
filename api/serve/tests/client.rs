//! A server on a port of its own, and a client that knows HTTP no better than it must, so that it can do
//! everything wrong.

use super::fake::Fake;
use crate::serve::server::serve;
use crate::serve::settings::HttpSettings;
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

pub struct Server {
    pub address: SocketAddr,
    pub fake: Arc<Fake>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(settings: HttpSettings) -> Self {
        Self::on("127.0.0.1:0", settings)
    }

    pub fn on(address: &str, settings: HttpSettings) -> Self {
        let fake = Arc::new(Fake::default());
        let jobs = Arc::clone(&fake);
        let (stop, stopped) = oneshot::channel();
        let (say, hear) = std::sync::mpsc::channel();
        let address = address.to_owned();
        let thread = std::thread::spawn(move || {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            let runtime = builder.worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind(address).await.unwrap();
                say.send(listener.local_addr().unwrap()).unwrap();
                let stop = async {
                    let _ = stopped.await;
                };
                serve(listener, jobs, settings, stop).await;
            });
            runtime.shutdown_timeout(Duration::from_secs(1));
        });
        Self { address: hear.recv().unwrap(), fake, stop: Some(stop), thread: Some(thread) }
    }

    pub fn connect(&self) -> Client {
        Client::new(self.address).unwrap()
    }

    /// Stops it, and waits for its end.
    pub fn stop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// Sends one request over a connection of its own.
    pub fn ask(&self, method: &str, path: &str, headers: &str) -> Reply {
        self.connect().ask(method, path, headers)
    }

    pub fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, "")
    }

    pub fn post(&self, path: &str, body: &[u8]) -> Reply {
        self.connect().post(path, body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

pub struct Client {
    stream: BufReader<TcpStream>,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// False: the connection was cut.
    pub is_whole: bool,
}

impl Client {
    pub fn new(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(12)))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    pub fn ask(&mut self, method: &str, path: &str, headers: &str) -> Reply {
        let host = if headers.contains("Host:") { "" } else { "Host: localhost\r\n" };
        let head = format!("{method} {path} HTTP/1.1\r\n{host}{headers}\r\n");
        self.send(head.as_bytes()).unwrap();
        self.reply(method == "HEAD").unwrap()
    }

    pub fn post(&mut self, path: &str, body: &[u8]) -> Reply {
        let length = body.len();
        let headers = format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        self.send(&[head.as_bytes(), body].concat()).unwrap();
        self.reply(false).unwrap()
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    /// Reads one answer.
    pub fn reply(&mut self, is_head: bool) -> io::Result<Reply> {
        let mut reply = self.head()?;
        let length = reply.header("content-length").map(|length| length.parse::<usize>().unwrap());
        if is_head || [204, 304].contains(&reply.status) {
            return Ok(reply);
        }
        if let Some(length) = length {
            reply.body = vec![0; length];
            reply.is_whole = self.stream.read_exact(&mut reply.body).is_ok();
        } else if reply.header("transfer-encoding") == Some("chunked") {
            reply.is_whole = self.chunks(&mut reply.body).is_ok();
        } else {
            self.stream.read_to_end(&mut reply.body)?;
        }
        Ok(reply)
    }

    /// Reads the first line and the headers of an answer.
    pub fn head(&mut self) -> io::Result<Reply> {
        let first = self.line()?;
        let status = first.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.push((name.to_lowercase(), value.to_owned()));
        }
        Ok(Reply { status, headers, body: Vec::new(), is_whole: true })
    }

    fn chunks(&mut self, body: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let length = usize::from_str_radix(&self.line()?, 16).unwrap();
            let mut chunk = vec![0; length + 2];
            self.stream.read_exact(&mut chunk)?;
            if length == 0 {
                return Ok(());
            }
            body.extend_from_slice(&chunk[..length]);
        }
    }

    /// Waits until the server has closed the connection.
    pub fn wait_for_end(&mut self) -> io::Result<()> {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Err(cause) if cause.kind() == io::ErrorKind::ConnectionReset => Ok(()),
            ended => ended.map(|_| ()),
        }
    }
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// Fails unless the answer is a refusal in the documented shape; its message.
    pub fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        let error = self.json();
        let fields: Vec<&String> = error.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["code", "message", "status"], "{self:?}");
        assert_eq!((&error["status"], &error["code"]), (&status.into(), &status.into()));
        error["message"].as_str().unwrap().to_owned()
    }
}
