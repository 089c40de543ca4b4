//! Many clients at once, some of them unfriendly. `TRACTOR_LONG`: ten thousand pollers and six thousand
//! silent connections; otherwise a tenth of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::jobs::{SLOWLY, slow_capture};
use super::large::large_capture;
use super::server::{Place, Server};
use crate::cli::run::until;

/// How much longer a job may take.
const SLOWER_MAX: f64 = 1.3;

/// How often that is measured until nobody else takes much of the processors.
const ATTEMPTS: usize = 5;

const POLLERS: u64 = 10_000;

/// What others may take of the processors without making such a figure void: jobs give way to them.
const OTHERS_MAX: f64 = 0.1;

/// What one of these tests measures, another one must not disturb.
static ALONE: Mutex<()> = Mutex::new(());

fn is_long() -> bool {
    std::env::var_os("TRACTOR_LONG").is_some()
}

/// Lets this process and those that it starts have as many connections as the system allows.
fn many_files() -> u64 {
    let before = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: before.maximum, ..before });
    before.maximum.unwrap_or(u64::MAX)
}

fn address(server: &Server) -> String {
    server.url.trim_start_matches("http://").to_owned()
}

/// One request on a connection that stays; gives how long the answer took.
async fn poll(connection: &mut TcpStream, path: &str) -> Result<Duration, String> {
    let began = Instant::now();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let text = |cause: std::io::Error| cause.to_string();
    connection.write_all(request.as_bytes()).await.map_err(text)?;
    let mut answer = Vec::new();
    loop {
        let mut piece = [0; 2_048];
        let read = timeout(Duration::from_secs(20), connection.read(&mut piece)).await;
        let read = read.map_err(|_| "no answer".to_owned())?.map_err(text)?;
        if read == 0 {
            return Err(format!("closed after {:?}", String::from_utf8_lossy(&answer)));
        }
        answer.extend_from_slice(&piece[..read]);
        let head_end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(head_end) = head_end else { continue };
        let head = String::from_utf8_lossy(&answer[..head_end]).to_lowercase();
        if !head.starts_with("http/1.1 200") {
            return Err(head);
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.and_then(|text| text.trim().parse().ok()).ok_or("no length")?;
        if answer.len() >= head_end + 4 + length {
            return Ok(began.elapsed());
        }
    }
}

/// Polls once a second on each of many connections; gives the times of all answers, sorted.
async fn pollers(address: &str, path: &str, count: u64, seconds: u64) -> Vec<Duration> {
    pollers_until(address, path, count, seconds, &Arc::default()).await
}

/// The same for so many seconds at most, until it is over.
async fn pollers_until(
    address: &str,
    path: &str,
    count: u64,
    seconds: u64,
    is_over: &Arc<AtomicBool>,
) -> Vec<Duration> {
    let mut tasks = Vec::new();
    for number in 0..count {
        let (address, path) = (address.to_owned(), path.to_owned());
        let is_over = Arc::clone(is_over);
        tasks.push(tokio::spawn(async move {
            // Spread over a second.
            sleep(Duration::from_micros(number * 1_000_000 / count)).await;
            let mut connection =
                TcpStream::connect(&address).await.map_err(|cause| cause.to_string())?;
            let mut times = Vec::new();
            for _ in 0..seconds {
                if is_over.load(Ordering::Acquire) {
                    break;
                }
                times.push(poll(&mut connection, &path).await?);
                sleep(Duration::from_secs(1)).await;
            }
            Ok::<_, String>(times)
        }));
    }
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.expect("a task").expect("answers"));
    }
    all.sort_unstable();
    all
}

fn at_99_of_100(times: &[Duration]) -> Duration {
    times[times.len() * 99 / 100]
}

fn resident_mb(server: &Server) -> u64 {
    let path = format!("/proc/{}/status", server.child.id());
    let text = std::fs::read_to_string(path).expect("about the server");
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1_024
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime")
}

#[test]
fn many_clients_poll_while_a_job_runs() {
    let open_files_max = many_files();
    let count = if is_long() { 10_000 } else { 1_000 };
    if open_files_max < count + 100 {
        eprintln!("skipped: {count} pollers need more than {open_files_max} open files");
        return;
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let place = Place::new();
    // One after the other, as long as it takes.
    let names: Vec<String> = (0..60).map(|number| format!("slow{number}.pcap")).collect();
    names.iter().for_each(|name| place.capture(name, &slow_capture()));
    let server = place.serve(&SLOWLY);
    let jobs: Vec<u64> = names.iter().map(|name| server.process(name)).collect();
    let job = jobs[0];
    until("the job is under way", || server.status(job)["state"] == "in_progress");
    let path = format!("/file/{job}/status");
    let seconds = if is_long() { 30 } else { 5 };
    let times = runtime().block_on(pollers(&address(&server), &path, count, seconds));
    assert_eq!(server.ask("/health")["jobs_running"], 1, "no job ran at the end");
    let (last, most, memory) = (at_99_of_100(&times), times[times.len() - 1], resident_mb(&server));
    println!(
        "{count} pollers: {} answers, 99 of 100 in {last:?}, all in {most:?}, {memory} MB",
        times.len()
    );
    assert_eq!(times.len() as u64, count * seconds);
    assert!(memory <= 400, "{memory} MB");
    assert!(last <= Duration::from_millis(if is_long() { 50 } else { 250 }), "{last:?}");
}

/// Seconds of processor time that a process, without its children, has taken.
fn processor_s(pid: u32) -> f64 {
    ticks_s(pid, 2)
}

const TICKS_A_SECOND: f64 = 100.0;

/// The first two or four times of a process: its own, and those of its children that are over.
fn ticks_s(pid: u32, times: usize) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("about a process");
    // Behind the name, which may hold anything: the twelfth field and on.
    let fields = text.rsplit_once(')').expect("a name").1.split_whitespace();
    let ticks: f64 =
        fields.skip(11).take(times).map(|text| text.parse::<f64>().expect("ticks")).sum();
    ticks / TICKS_A_SECOND
}

/// Seconds of processor time that the whole machine has taken.
fn machine_s() -> f64 {
    let text = std::fs::read_to_string("/proc/stat").expect("about the machine");
    let line = text.lines().next().expect("all processors");
    let ticks: Vec<f64> =
        line.split_whitespace().skip(1).take(8).map(|text| text.parse().expect("ticks")).collect();
    // All but idle and waiting for a disk.
    (ticks.iter().sum::<f64>() - ticks[3] - ticks[4]) / TICKS_A_SECOND
}

/// What others take of the machine while something is done, as a share of its processors.
fn others_meanwhile<T>(server: &Server, work: impl FnOnce() -> T) -> (T, f64) {
    let ours =
        || [std::process::id(), server.child.id()].iter().map(|pid| ticks_s(*pid, 4)).sum::<f64>();
    let (began, before) = (Instant::now(), machine_s() - ours());
    let done = work();
    let share = (machine_s() - ours() - before) / (began.elapsed().as_secs_f64() * processors());
    (done, share)
}

fn processors() -> f64 {
    std::thread::available_parallelism().map_or(2, usize::from).max(2) as f64
}

/// How long jobs last, one after the other.
fn jobs_last(server: &Server, name: &str, jobs: usize) -> Duration {
    let began = Instant::now();
    for _ in 0..jobs {
        let job = server.process(name);
        let is_over = || {
            let status = server.status(job);
            let state = status["state"].as_str().expect("a state").to_owned();
            assert!(["queued", "in_progress", "finished"].contains(&state.as_str()), "{status}");
            state == "finished"
        };
        while !is_over() {
            sleep_a_moment();
        }
    }
    began.elapsed()
}

fn sleep_a_moment() {
    std::thread::sleep(Duration::from_millis(20));
}

/// `TRACTOR_LONG`: clients, server and job share the processors of one machine. What the clients take of
/// them is no cost of the server, and is subtracted: half a second of it is half a second in which one
/// of the job's two workers could have worked.
#[test]
fn a_job_is_not_much_slower_while_many_clients_poll() {
    if !is_long() || many_files() < POLLERS + 100 {
        eprintln!("skipped: TRACTOR_LONG is not set, or too few files may be open");
        return;
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let place = Place::new();
    let name = large_capture(&place);
    let server = place.serve(&["--workers", "2"]);
    // The first one also fills the page cache.
    jobs_last(&server, name, 1);
    let once = jobs_last(&server, name, 1);
    let jobs = (8_000_u128.div_ceil(once.as_millis().max(1)) as usize).max(3);
    let judged = (0..ATTEMPTS).find_map(|_| slowdown(&server, name, jobs));
    let charged = judged.expect("others took too much of the processors to judge it");
    assert!(charged <= SLOWER_MAX, "{charged:.2} times as long");
}

/// How much longer jobs take while many clients poll, without what the clients take of the processors;
/// `None` when others took much of them.
fn slowdown(server: &Server, name: &str, jobs: usize) -> Option<f64> {
    let (before, others) = others_meanwhile(server, || jobs_last(server, name, jobs));

    let is_over = Arc::new(AtomicBool::new(false));
    let (address, path) = (address(server), "/file/1/status");
    let ((under, others), client_s, server_s, times) = std::thread::scope(|scope| {
        let polls = scope
            .spawn(|| runtime().block_on(pollers_until(&address, path, POLLERS, 3_600, &is_over)));
        // All are connected.
        std::thread::sleep(Duration::from_secs(2));
        let (own, its) = (std::process::id(), server.child.id());
        let (client, servers) = (processor_s(own), processor_s(its));
        let (under, more) = others_meanwhile(server, || jobs_last(server, name, jobs));
        let (client_s, server_s) = (processor_s(own) - client, processor_s(its) - servers);
        is_over.store(true, Ordering::Release);
        ((under, more.max(others)), client_s, server_s, polls.join().expect("the pollers"))
    });
    let (after, more) = others_meanwhile(server, || jobs_last(server, name, jobs));
    let others = others.max(more);

    let processors = processors();
    let alone_s = (before + after).as_secs_f64() / 2.0;
    let under_s = under.as_secs_f64();
    let without_clients_s = under_s - client_s / processors;
    let (slower, charged) = (under_s / alone_s, without_clients_s / alone_s);
    println!(
        "{POLLERS} pollers: {jobs} jobs of two workers take {before:.1?} and {after:.1?} alone, \
         {under:.1?} meanwhile: {slower:.2} times as long, {charged:.2} without the clients' \
         {client_s:.1} s of {processors} processors; the server took {server_s:.1} s; {} answers, 99 of \
         100 in {:?}",
        times.len(),
        at_99_of_100(&times),
    );
    if others > OTHERS_MAX {
        eprintln!("not judged: others took up to {others:.2} of the processors meanwhile");
        return None;
    }
    Some(charged)
}

#[test]
fn silent_connections_are_closed_and_hold_nobody_up() {
    let open_files_max = many_files();
    let each = if is_long() { 2_000 } else { 200 };
    if open_files_max < 3 * each + 100 {
        eprintln!(
            "skipped: {each} connections of three kinds need more than {open_files_max} open files"
        );
        return;
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let place = Place::new();
    let server = place.serve(&[]);
    let address = address(&server);
    runtime().block_on(async {
        let beginnings: [&str; 3] = [
            "",
            "GET /health HTTP/1.1\r\nHost: loc",
            "POST /files/process HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: 100\r\n\r\n{\"file",
        ];
        let mut silent = Vec::new();
        for begin in beginnings {
            for _ in 0..each {
                let address = address.clone();
                silent.push(tokio::spawn(async move {
                    let mut connection = TcpStream::connect(address).await.expect("a connection");
                    connection.write_all(begin.as_bytes()).await.expect("a beginning");
                    let began = Instant::now();
                    let mut rest = Vec::new();
                    let read = timeout(Duration::from_secs(30), connection.read_to_end(&mut rest));
                    assert!(read.await.is_ok(), "{begin:?} was not closed");
                    began.elapsed()
                }));
            }
        }
        sleep(Duration::from_millis(500)).await;
        let times = pollers(&address, "/health", 1, 5).await;
        println!("a good client meanwhile: {times:?}");
        assert!(times[times.len() - 1] <= Duration::from_millis(if is_long() { 100 } else { 500 }));
        let mut longest = Duration::ZERO;
        for task in silent {
            longest = longest.max(task.await.expect("it was closed"));
        }
        println!("silent connections were closed within {longest:?}");
        assert!(longest <= Duration::from_secs(10), "{longest:?}");
    });
}
