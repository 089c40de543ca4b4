//! Every bound of the server, with its unit in its name and what happens there.

use std::time::Duration;

/// Entries of a statistic, unless `limit` says otherwise; the rest is summed in a last one.
pub const STATISTIC_ENTRIES: usize = 100;

/// Flows of a page of `/file/{job_id}/flows`, unless `limit` says otherwise.
pub const PAGE_FLOWS: usize = 1_000;
/// Windows of a page, when the client does not say.
pub const PAGE_WINDOWS: usize = 1_000;
/// Sessions of a page, when the client does not say.
pub const PAGE_SESSIONS: usize = 100;

/// Entries or flows that `limit` may ask for: as far as clients' usual integers go.
pub const LIMIT_MAX: u64 = i32::MAX as u64;

/// Bytes of a request's body; of more, 413 is answered before they are read.
pub const BODY_BYTES_MAX: u64 = 64 << 10;

/// Bytes of a request's first line and headers; of more, the connection is closed with 431.
pub const HEADER_BYTES_MAX: usize = 16 << 10;

/// Milliseconds for the headers of a request, from the connection's begin or the answer before; then
/// the connection is closed. So clients that ask once a second keep theirs.
pub const HEADER_READ_MS: u64 = 5_000;

/// Milliseconds for a request's body; then 408, and the connection is closed.
pub const BODY_READ_MS: u64 = 4_500;

/// Milliseconds in which a client that has an answer to come takes nothing of it; then the connection is
/// closed.
pub const WRITE_STALL_MS: u64 = 30_000;

/// What a client still sends when its connection is closed is read for so long and up to so many bytes:
/// otherwise the system would throw away the answer that it has not read yet.
pub const LINGER_MS: u64 = 1_500;
pub const LINGER_BYTES_MAX: usize = 32 << 20;

/// Connections at once; further clients wait until one is closed.
pub const CONNECTIONS_MAX: usize = 16_384;

/// Connections that the system keeps until they are accepted; of more the first packet is dropped, and
/// sent again after a second.
pub const CONNECTIONS_WAITING_MAX: i32 = 4_096;

/// Open files that connections leave to others of the process, if need be by being fewer; but at least
/// so many connections there may be.
pub const FILES_FOR_OTHERS: usize = 512;
pub const CONNECTIONS_MIN: usize = 64;

/// Milliseconds before the next try when a connection could not be accepted: no file was free for it.
pub const ACCEPT_PAUSE_MS: u64 = 100;

/// Milliseconds for answers under way when the server stops; then they are cut.
pub const STOP_GRACE_MS: u64 = 3_000;

/// Calls of the jobs that may block, at once; further ones wait for a place so long, then 503.
pub const CALLS_AT_ONCE_MAX: usize = 32;
pub const CALL_WAIT_MS: u64 = 5_000;

/// Answers that are written while they are read (flows, exports) at once; one more is refused with 503.
pub const STREAMS_AT_ONCE_MAX: usize = 64;

/// Bytes of a piece of such an answer, and pieces that wait for the client; then its thread waits.
pub const PIECE_BYTES: usize = 32 << 10;
pub const PIECES_MAX: usize = 4;

/// Clients at once that follow a job's events; one more is refused with 503.
pub const EVENT_STREAMS_MAX: usize = 1_024;

/// Milliseconds from one event of a stream to the next at least, and with nothing to tell, to a comment.
pub const EVENT_PAUSE_MS: u64 = 100;
pub const EVENT_KEEP_ALIVE_MS: u64 = 15_000;

/// `Retry-After` of what is refused here because too much is under way.
pub const RETRY_AFTER_S: u64 = 1;

/// Bytes of a capture's name in the name of its export.
pub const EXPORT_NAME_BYTES_MAX: usize = 100;

/// Characters of a request's path in the access log.
pub const LOGGED_PATH_CHARACTERS_MAX: usize = 200;

/// How long a child may think about a question; then the client is told to come again.
pub const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Milliseconds in which the flows of a label or an address are counted, or those of a page are found;
/// then 503, with `Retry-After`.
pub const FINDING_MS_MAX: u64 = 10_000;
pub const FINDING_RETRY_S: u64 = 10;

/// Distinct entries of an item that are counted of a label or an address: those with the most flows. Flows
/// of others are in the last entry, and counted as `left_out`. Up to twice as many are in memory.
pub const COUNTED_ENTRIES_MAX: usize = 1 << 15;

/// Questions that a child may have at once; of more, clients are told to come again. So a child that does
/// not answer leaves most of the places for calls to others.
pub const QUESTIONS_MAX: usize = 8;

/// Bytes of memory without which no job begins; the server does not start when jobs would have less.
pub const JOB_MEMORY_BYTES_MIN: u64 = 128 << 20;

/// Bytes of memory of the process that looks for the begin and the end of captures.
pub const INDEXING_BYTES_MAX: u64 = 1 << 30;

/// Warnings kept of a job; further ones are left out.
pub const JOB_WARNINGS_MAX: usize = 100;

/// How long a job may make no progress without saying that it waits, and without a plugin inside whose
/// deadline counts; then it has failed.
pub const STANDSTILL_MAX: Duration = Duration::from_secs(30);

/// How often a job is begun again when its process was killed from outside.
pub const KILLS_MAX: usize = 2;

/// The same of a stream, since it got on the last time: it has more to lose.
pub const STREAM_KILLS_MAX: usize = 20;

/// How long a child may look for the begin and the end of one capture.
pub const INDEXING_MAX: Duration = Duration::from_secs(120);

/// Statistics of finished jobs that are kept in memory; of more all are forgotten, and read again.
pub const KNOWN_STATISTICS_MAX: usize = 64;

/// How often the server looks whether something is older than is kept.
pub const FORGETTING_PAUSE: Duration = Duration::from_secs(60);

/// Folders that are followed at once, beside the jobs that run.
pub const STREAMS_MAX: usize = 8;

/// Jobs that wait for their turn; of more, clients are told to come again so many seconds later.
pub const QUEUE_JOBS_MAX: usize = 10_000;
pub const QUEUE_RETRY_S: u64 = 30;

/// What counts at most of the time between two looks at a child: more has passed when both were stopped.
pub const LOOK_PAUSE_MAX: Duration = Duration::from_millis(200);

/// Flows of a page at most, whatever `limit` says.
pub const PAGE_FLOWS_MAX: usize = 10_000;
/// Windows of a page at most.
pub const PAGE_WINDOWS_MAX: usize = 10_000;
/// Sessions of a page at most: each has as many columns as a flow.
pub const PAGE_SESSIONS_MAX: usize = 1_000;

/// Entries up to which statistics of finished jobs are kept in memory.
pub const KNOWN_ENTRIES_MAX: usize = 1_000;

/// Between two attempts to begin jobs of files that nobody asks for, when there was no room for them.
pub const BEGIN_PAUSE: Duration = Duration::from_secs(5);

/// Between two attempts to write what found no room.
pub const WRITE_PAUSE: Duration = Duration::from_secs(1);

/// Between two looks for the begin and the end of a capture that grows.
pub const GROWING_PAUSE: Duration = Duration::from_secs(30);

/// How long a folder of results that is in use is waited for at the start, and between two attempts.
pub const LOCK_MAX: Duration = Duration::from_secs(1);
pub const LOCK_PAUSE: Duration = Duration::from_millis(20);
