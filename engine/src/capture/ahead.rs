//! Reading the next chunk of a file on a thread of its own, while this one is decoded.
//!
//! Copying a capture out of the page cache costs as much as decoding it; where a processor has
//! nothing else to do, it can do that.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Bytes of a file from `offset` on.
pub(super) struct Piece {
    pub(super) offset: u64,
    pub(super) buffer: Vec<u8>,
    pub(super) filled: usize,
}

/// A thread that reads one piece at a time. It ends when this object is gone and the piece in hand
/// is read.
pub(super) struct Ahead {
    wanted: SyncSender<Piece>,
    read: Receiver<Piece>,
    /// Where the piece begins that is being read.
    asked: Option<u64>,
    spare: Vec<u8>,
}

impl Ahead {
    /// # Errors
    /// When there can be no further thread or open file; one can do without.
    pub(super) fn new(file: &File) -> std::io::Result<Self> {
        let file = file.try_clone()?;
        let (wanted, requests) = sync_channel::<Piece>(1);
        let (answers, read) = sync_channel(1);
        std::thread::Builder::new().name("read ahead".to_owned()).spawn(move || {
            for mut piece in requests {
                fill(&file, &mut piece);
                if answers.send(piece).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { wanted, read, asked: None, spare: Vec::new() })
    }

    /// The piece at `offset`, if it was asked for.
    pub(super) fn take(&mut self, offset: u64) -> Option<Piece> {
        let asked = self.asked.take()?;
        let piece = self.read.recv().ok()?;
        if asked == offset {
            return Some(piece);
        }
        self.spare = piece.buffer;
        None
    }

    /// Asks for `bytes` bytes at `offset`. What was asked for before must have been taken. False
    /// when the thread is gone.
    pub(super) fn ask(&mut self, offset: u64, bytes: usize) -> bool {
        let mut buffer = std::mem::take(&mut self.spare);
        buffer.resize(bytes, 0);
        let sent = self.wanted.send(Piece { offset, buffer, filled: 0 }).is_ok();
        self.asked = sent.then_some(offset);
        sent
    }

    /// Takes a buffer back that is not needed any more.
    pub(super) fn give(&mut self, buffer: Vec<u8>) {
        self.spare = buffer;
    }
}

/// Reads what there is. An error is left to whoever needs the missing bytes: the file is then read
/// again, and the error told.
fn fill(file: &File, piece: &mut Piece) {
    while let Some(room @ [_, ..]) = piece.buffer.get_mut(piece.filled..) {
        match file.read_at(room, piece.offset + piece.filled as u64) {
            Ok(read_bytes @ 1..) => piece.filled += read_bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => break,
        }
    }
}
