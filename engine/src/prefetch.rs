//! Asking the processor for memory before it is needed.

/// Hints that the first `bytes` bytes of `value` will soon be read.
#[inline(always)]
#[allow(unsafe_code)]
pub fn prefetch<T>(value: &T, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in 0..bytes.div_ceil(64) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let address = std::ptr::from_ref(value).cast::<i8>();
        // SAFETY: a prefetch is a hint; it reads nothing and faults at no address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.wrapping_add(line * 64)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (value, bytes);
}
