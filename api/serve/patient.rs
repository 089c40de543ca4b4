//! A connection that is patient, but not for ever: a client that takes nothing of its answer is
//! given up, and one whose connection is closed while it still sends is heard out for a moment.

use super::limits::{LINGER_BYTES_MAX, LINGER_MS, WRITE_STALL_MS};
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

type Alarm = Pin<Box<Sleep>>;

pub struct Patient<S> {
    stream: S,
    /// How long the client may take nothing.
    patience: Duration,
    /// Set while the client takes nothing.
    stalled: Option<Alarm>,
    /// Set once nothing more will be sent, with how many bytes may still come.
    lingers: Option<(Alarm, usize)>,
}

impl<S> Patient<S> {
    pub fn new(stream: S) -> Self {
        let patience = Duration::from_millis(WRITE_STALL_MS);
        Self { stream, patience, stalled: None, lingers: None }
    }

    /// Passes on what came of writing, unless it has waited too long.
    fn watch<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let patience = self.patience;
        let alarm = || Box::pin(sleep(patience));
        ready!(self.stalled.get_or_insert_with(alarm).as_mut().poll(context));
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.watch(flushed, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.lingers.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
        }
        let alarm = || Box::pin(sleep(Duration::from_millis(LINGER_MS)));
        let (alarm, left) = this.lingers.get_or_insert_with(|| (alarm(), LINGER_BYTES_MAX));
        let mut heard = [0; 16 << 10];
        while alarm.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut heard);
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut buffer))?;
            let bytes = buffer.filled().len();
            *left = left.saturating_sub(bytes);
            if bytes == 0 || *left == 0 {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
    }

    #[test]
    fn a_client_that_takes_nothing_is_given_up_and_one_that_is_slow_is_not() {
        run(async {
            let (ours, mut theirs) = duplex(16);
            let mut ours = Patient { patience: Duration::from_millis(100), ..Patient::new(ours) };
            let slow = tokio::spawn(async move {
                for _ in 0..10 {
                    sleep(Duration::from_millis(30)).await;
                    theirs.read_exact(&mut [0; 16]).await.unwrap();
                }
                theirs
            });
            ours.write_all(&[0; 160]).await.unwrap();
            let _theirs = slow.await.unwrap();
            let cause = ours.write_all(&[0; 32]).await.unwrap_err();
            assert_eq!(cause.kind(), ErrorKind::TimedOut);
        });
    }
}
