//! Frames that nobody can send without the keys, and so no fuzz target makes.

use super::secured::initial;
use super::*;

#[test]
fn any_bytes_as_frames_of_quic() {
    let mut state = 1u64;
    let mut random = || {
        // Knuth's multiplier for a linear congruence.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    };
    for _ in 0..2_000 {
        let length = usize::from(random()) / 2;
        let mut frames: Vec<u8> = (0..length).map(|_| random()).collect();
        for byte in &mut frames {
            // Often what means something.
            *byte = if *byte < 150 { *byte % 9 } else { *byte };
        }
        let packet = initial(&[0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08], random(), &frames);
        let names = of_datagrams(&[(0, &packet)]);
        assert_eq!(names, of_datagrams(&[(0, &packet)]));
    }
}
