//! Many clients at once.

use super::client::{Client, Server};
use super::fake::{Fake, SLOW};
use super::open;
use crate::serve::accept::{Door, accept};
use crate::serve::front::Front;
use crate::serve::limits::CALLS_AT_ONCE_MAX;
use crate::serve::settings::HttpSettings;
use crate::serve::shared::{Shared, Stop};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

#[test]
fn calls_that_block_are_bounded_and_do_not_hold_up_quick_ones() {
    let server = open();
    let address = server.address;
    let ask = move |_| {
        let path = format!("/file/{SLOW}/details");
        thread::spawn(move || Client::new(address).unwrap().ask("GET", &path, "").status)
    };
    let clients: Vec<_> = (0..CALLS_AT_ONCE_MAX * 3).map(ask).collect();
    thread::sleep(Duration::from_millis(100));
    let took = |_| {
        let begin = Instant::now();
        assert_eq!(server.get("/file/1/status").status, 200);
        begin.elapsed()
    };
    let fastest = (0..5).map(took).min().unwrap();
    assert!(fastest < Duration::from_millis(100), "{fastest:?}");
    for client in clients {
        assert_eq!(client.join().unwrap(), 200);
    }
    assert_eq!(server.fake.calls_peak.load(Ordering::SeqCst), CALLS_AT_ONCE_MAX);
}

#[test]
fn clients_beyond_the_limit_wait_until_a_connection_is_closed() {
    let server = Server::start(HttpSettings { connections_max: 2, ..HttpSettings::default() });
    let mut first = server.connect();
    assert_eq!(first.ask("GET", "/health", "").status, 200);
    let mut second = server.connect();
    assert_eq!(second.ask("GET", "/health", "").status, 200);
    let mut third = server.connect();
    third.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    thread::sleep(Duration::from_millis(100));
    assert_eq!(first.ask("GET", "/health", "").status, 200);
    let begin = Instant::now();
    drop(second);
    assert_eq!(third.reply(false).unwrap().status, 200);
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

#[test]
fn a_connection_serves_a_thousand_requests() {
    let server = open();
    let mut client = server.connect();
    for round in 0..1_000 {
        assert_eq!(client.ask("GET", "/file/2/status", "").status, 200, "{round}");
    }
}

/// No file is free for so many milliseconds.
struct Stuck {
    listener: TcpListener,
    until: Instant,
    tries: Arc<AtomicUsize>,
}

impl Door for Stuck {
    async fn next(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        self.tries.fetch_add(1, Ordering::SeqCst);
        match Instant::now() < self.until {
            true => Err(rustix::io::Errno::MFILE.into()),
            false => self.listener.accept().await,
        }
    }
}

#[test]
fn without_free_files_the_server_waits_and_goes_on_when_there_are_some() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let tries = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tries);
    let (_stopping, stop) = watch::channel(Stop::NotYet);
    let address = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let until = Instant::now() + Duration::from_millis(450);
        let shared = Shared::new(Arc::new(Fake::default()), HttpSettings::default(), stop);
        let front = Arc::new(Front::new(Arc::new(shared)));
        let door = Stuck { listener, until, tries };
        tokio::spawn(accept(door, front, Arc::new(Semaphore::new(8))));
        address
    });
    assert_eq!(Client::new(address).unwrap().ask("GET", "/health", "").status, 200);
    let tries = count.load(Ordering::SeqCst);
    assert!((3..10).contains(&tries), "{tries}");
}
