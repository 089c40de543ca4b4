//! LZ4 frames one behind another, and the end of the file told from a cut.

use std::io::{Error, ErrorKind, Read, Result};

use lz4_flex::frame::{self, FrameDecoder};

/// First bytes of a frame (LZ4 frame format 1.6.4), and of the older kind.
const FRAMES: [[u8; 4]; 2] = [[0x04, 0x22, 0x4d, 0x18], [0x02, 0x21, 0x4c, 0x18]];

/// Between frames this is no frame; inside one it is the header of a block that is too big.
const PROBE: [u8; 7] = [0xff, 0xff, 0xff, 0x7f, 0, 0, 0];

/// Decompresses all frames of a stream. The decoder itself ends quietly after every frame, and also
/// where the file is cut between two blocks.
pub(super) struct Lz4Frames<R: Read> {
    /// A new one for every frame: it cannot be used for frames of different block sizes.
    decoder: Option<FrameDecoder<Ahead<R>>>,
}

impl<R: Read> Lz4Frames<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { decoder: Some(FrameDecoder::new(Ahead { ahead: Vec::new(), reader })) }
    }

    /// Whether the decoder stands between two frames. To be asked once, at the end of the input.
    fn is_between_frames(decoder: &mut FrameDecoder<Ahead<R>>) -> bool {
        decoder.get_mut().ahead.extend(PROBE);
        let Err(error) = decoder.read(&mut [0]) else { return false };
        let inner = error.get_ref().and_then(|error| error.downcast_ref());
        matches!(inner, Some(frame::Error::WrongMagicNumber))
    }
}

impl<R: Read> Read for Lz4Frames<R> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let read_bytes = decoder.read(room)?;
            if read_bytes > 0 || room.is_empty() {
                return Ok(read_bytes);
            }
            let next = decoder.get_mut().peek()?;
            if next.is_empty() {
                let whole = Self::is_between_frames(decoder);
                self.decoder = None;
                if !whole {
                    return Err(Error::new(ErrorKind::UnexpectedEof, "the frame is incomplete"));
                }
            } else if FRAMES.iter().any(|frame| next == frame) {
                let input = self.decoder.take().map(FrameDecoder::into_inner);
                self.decoder = input.map(FrameDecoder::new);
            }
        }
        Ok(0)
    }
}

/// A reader that can show what comes next.
struct Ahead<R> {
    ahead: Vec<u8>,
    reader: R,
}

impl<R: Read> Ahead<R> {
    /// The next four bytes; fewer at the end.
    fn peek(&mut self) -> Result<&[u8]> {
        let missing = 4_u64.saturating_sub(self.ahead.len() as u64);
        self.reader.by_ref().take(missing).read_to_end(&mut self.ahead)?;
        Ok(&self.ahead)
    }
}

impl<R: Read> Read for Ahead<R> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize> {
        if self.ahead.is_empty() {
            return self.reader.read(room);
        }
        let read_bytes = self.ahead.as_slice().read(room)?;
        self.ahead.drain(..read_bytes);
        Ok(read_bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use lz4_flex::frame::FrameEncoder;

    use super::*;

    fn frame(content: &[u8]) -> Vec<u8> {
        let mut encoder = FrameEncoder::new(Vec::new());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn reads_every_frame_and_notices_every_cut() {
        let content: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
        let first = frame(&content);
        let both = [&*first, &*frame(b"end")].concat();
        let mut read = Vec::new();
        Lz4Frames::new(&*both).read_to_end(&mut read).unwrap();
        assert_eq!(read, [&*content, b"end"].concat());
        for cut in 7..first.len() {
            let error = Lz4Frames::new(&first[..cut]).read_to_end(&mut Vec::new()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "cut at {cut}");
        }
    }

    #[test]
    fn an_empty_block_is_no_end() {
        let mut bytes = vec![0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 0, 0, 0, 0x80];
        bytes.extend([2, 0, 0, 0x80, b'o', b'k', 0, 0, 0, 0]);
        let mut read = Vec::new();
        Lz4Frames::new(&*bytes).read_to_end(&mut read).unwrap();
        assert_eq!(read, b"ok");
    }
}
