//! Where verdicts go.

use std::ffi::CStr;
use std::marker::PhantomData;

use super::host::Host;
use crate::Verdict;
use crate::abi::tractor_tags;

/// Bytes of a verdict's evidence that a host keeps.
const EVIDENCE_BYTES_MAX: usize = 255;

/// Takes the verdicts of one batch.
pub struct Tags<'a> {
    host: Host,
    tags: *mut tractor_tags,
    lent: PhantomData<&'a mut tractor_tags>,
    /// Used again for each tag: its evidence and a NUL.
    evidence: Vec<u8>,
}

impl Tags<'_> {
    /// # Safety
    /// Both as the header promises them, for the whole lifetime.
    pub(crate) unsafe fn lent(host: Host, tags: *mut tractor_tags) -> Self {
        Tags { host, tags, lent: PhantomData, evidence: Vec::new() }
    }

    /// A verdict about the flow at a place of the batch; a flow may get several. One that the host
    /// judges wrong (no such flow or label, a NaN) is dropped and counted as the plugin's error.
    pub fn add(&mut self, flow: usize, verdict: Verdict) {
        let place = u32::try_from(flow).unwrap_or(u32::MAX);
        let text = verdict.evidence();
        let end = text.floor_char_boundary(EVIDENCE_BYTES_MAX);
        self.evidence.clear();
        self.evidence.extend_from_slice(&text.as_bytes()[..end]);
        self.evidence.retain(|byte| *byte != 0);
        self.evidence.push(0);
        let text = CStr::from_bytes_with_nul(&self.evidence).unwrap_or_default();
        let (label, confidence) = (verdict.label(), verdict.confidence());
        // SAFETY: as this was made.
        let judged = unsafe { self.host.tag(self.tags, place, label, confidence, text) };
        // Counted where it was judged.
        let _ = judged;
    }
}
