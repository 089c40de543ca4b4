//! Answers that are written while they are read: by a thread, through a channel of a few pieces, so that
//! a slow client slows the thread and not the memory.

use super::fault::Fault;
use super::limits::{PIECE_BYTES, PIECES_MAX};
use super::reply;
use super::shared::Shared;
use bytes::Bytes;
use futures_util::stream;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::spawn_blocking;
use warp::Reply;
use warp::reply::Response;

enum Piece {
    More(Bytes),
    /// Without one the answer was not written to its end.
    Last(Bytes),
    /// Why it was not.
    Failed(io::Error),
}

/// Collects bytes into pieces.
struct PieceWriter {
    sender: Sender<Piece>,
    bytes: Vec<u8>,
}

impl PieceWriter {
    fn send(&self, piece: Piece) -> io::Result<()> {
        self.sender.blocking_send(piece).map_err(|_| ErrorKind::BrokenPipe.into())
    }

    fn end(mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.bytes);
        self.send(Piece::Last(bytes.into()))
    }
}

impl Write for PieceWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= PIECE_BYTES {
            let full = std::mem::replace(&mut self.bytes, Vec::with_capacity(PIECE_BYTES));
            self.send(Piece::More(full.into()))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The answer that `write` writes. What fails before the first piece is a refusal (409 where data are not
/// valid); later it cuts the connection, so that nobody takes what there is for the whole.
pub async fn written(
    shared: &Shared,
    content_type: &'static str,
    write: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()> + Send + 'static,
) -> Result<Response, Fault> {
    let Ok(place) = Arc::clone(&shared.streams).try_acquire_owned() else {
        return Err(Fault::busy("Too many answers are being written."));
    };
    let (sender, mut pieces) = channel(PIECES_MAX);
    spawn_blocking(move || {
        let _place = place;
        let bytes = Vec::with_capacity(PIECE_BYTES);
        let mut writer = PieceWriter { sender: sender.clone(), bytes };
        match write(&mut writer).and_then(|()| writer.end()) {
            Ok(()) => {}
            Err(cause) if cause.kind() == ErrorKind::BrokenPipe => {
                tracing::debug!("a client went away before its answer had ended");
            }
            Err(cause) => {
                tracing::error!("an answer could not be written to its end: {cause}");
                // Whoever hears it has had nothing yet.
                let _ = sender.blocking_send(Piece::Failed(cause));
            }
        }
    });
    match pieces.recv().await {
        Some(Piece::Last(bytes)) => Ok(reply::of_type(content_type, bytes.into())),
        Some(Piece::More(bytes)) => Ok(of_pieces(content_type, bytes, pieces)),
        Some(Piece::Failed(cause)) if cause.kind() == ErrorKind::InvalidData => {
            Err(Fault::new(StatusCode::CONFLICT, cause.to_string()))
        }
        Some(Piece::Failed(_)) | None => Err(Fault::internal("an answer was not written")),
    }
}

fn of_pieces(content_type: &'static str, first: Bytes, mut pieces: Receiver<Piece>) -> Response {
    let mut first = Some(first);
    let mut is_over = false;
    let pieces = stream::poll_fn(move |context| {
        if let Some(first) = first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        if is_over {
            return Poll::Ready(None);
        }
        pieces.poll_recv(context).map(|piece| match piece {
            Some(Piece::More(bytes)) => Some(Ok(bytes)),
            Some(Piece::Last(bytes)) => {
                is_over = true;
                Some(Ok(bytes))
            }
            Some(Piece::Failed(cause)) => {
                is_over = true;
                Some(Err(cause))
            }
            None => {
                is_over = true;
                Some(Err(io::Error::from(ErrorKind::UnexpectedEof)))
            }
        })
    });
    let mut response = warp::reply::stream(pieces).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
