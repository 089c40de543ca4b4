//! What is told of files that cannot be read, or not to their end.

use super::folder::*;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::atomic::Ordering;

#[test]
fn what_is_written_over_before_it_was_read_is_told_of() {
    let mut followed = Followed::new(options());
    followed.write("a.pcap", &pcap(&[1]));
    followed.look(SECOND);
    // Seen, but before it is read it has gone.
    followed.append("a.pcap", &record(2));
    followed.follower.look(SECOND);
    followed.write("a.pcap", &pcap(&[3]));
    followed.look(SECOND);
    assert_eq!(followed.stream, [1, 3]);
    let told = ["a.pcap: it was written over when 100 of its 176 bytes had been read"];
    assert_eq!(followed.problems(), told);
}

#[test]
fn a_file_that_becomes_shorter_fails_and_the_others_go_on() {
    let mut followed = Followed::new(options());
    followed.write("a.pcap", &pcap(&[1, 2, 3]));
    followed.look(SECOND);
    followed.write("a.pcap", &pcap(&[1, 2]));
    followed.write("b.pcap", &pcap(&[4]));
    followed.look(SECOND);
    followed.write("a.pcap", &pcap(&[1, 2, 3, 5]));
    followed.look(SECOND);
    assert_eq!(followed.stream, [1, 2, 3, 4]);
    let told = ["a.pcap: truncated at byte 252: the file became shorter while it was read"];
    assert_eq!(followed.problems(), told);
}

/// It may be about to be written over, and that may take a while; or not.
#[test]
fn a_file_that_is_cut_to_almost_nothing_is_told_of_once() {
    for bytes in [0, 10, 24, 39] {
        let mut followed = Followed::new(options());
        followed.write("a.pcap", &pcap(&[1, 2, 3]));
        followed.look(SECOND);
        followed.write("a.pcap", &pcap(&[1, 2, 3])[..bytes]);
        (0..10).for_each(|_| assert!(!followed.look(SECOND)));
        assert_eq!(followed.problems(), Vec::<String>::new(), "{bytes} bytes");
        (0..20).for_each(|_| assert!(!followed.look(SECOND)));
        let told = ["a.pcap: truncated at byte 252: the file became shorter while it was read"];
        assert_eq!(followed.problems(), told, "{bytes} bytes");
        // Whoever writes it over so late is read.
        followed.write("a.pcap", &pcap(&[4, 5]));
        followed.look(SECOND);
        followed.follower.end();
        assert!(followed.look(SECOND));
        assert_eq!(followed.stream, [1, 2, 3, 4, 5]);
        assert_eq!(followed.problems(), Vec::<String>::new(), "{bytes} bytes");
    }
}

#[test]
fn a_file_that_begins_with_damage_is_told_of_at_once_and_holds_nobody_up() {
    let mut followed = Followed::new(options());
    let mut damaged = pcap(&[1, 2]);
    damaged[24 + 8..24 + 12].copy_from_slice(&[0xff; 4]);
    let mut version = pcap(&[1]);
    version[4..6].copy_from_slice(&[1, 0]);
    followed.write("a.pcap", &damaged);
    followed.write("b.pcap", &pcap(&[3]));
    followed.write("c.pcap", &version);
    followed.write("d.pcap.gz", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff, 0xff, 0xff]);
    followed.write("e.pcap", &pcap(&[4])[..30]);
    followed.look(SECOND);
    let told = followed.problems();
    assert_eq!(told.len(), 3, "{told:?}");
    let announced = "a packet of 4294967295 bytes is announced, more than the possible 262144";
    assert_eq!(told[0], format!("a.pcap: damaged at byte 24: {announced}"));
    assert_eq!(told[1], "c.pcap: pcap version 1.4 is not supported");
    assert!(told[2].starts_with("d.pcap.gz: the gzip data cannot be decompressed"), "{told:?}");
    // What goes on behind the damage is not read; what was only not whole is.
    followed.append("a.pcap", &record(5));
    followed.append("e.pcap", &pcap(&[4])[30..]);
    (0..5).for_each(|_| assert!(!followed.look(SECOND)));
    followed.follower.end();
    assert!(followed.look(SECOND));
    assert_eq!(followed.stream, [3, 4]);
    assert_eq!(followed.problems(), Vec::<String>::new());
}

#[test]
fn compressed_data_that_never_becomes_whole_is_told_of_in_the_end() {
    use flate2::{Compression, write::GzEncoder};
    let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
    gzip.write_all(&pcap(&[1, 2, 3])).unwrap();
    let compressed = gzip.finish().unwrap();
    let mut followed = Followed::new(options());
    followed.write("a.pcap.gz", &compressed[..compressed.len() - 50]);
    followed.write("b.pcap.gz", &compressed[..5]);
    (0..5).for_each(|_| assert!(!followed.look(SECOND)));
    assert_eq!(followed.problems(), Vec::<String>::new());
    followed.follower.end();
    assert!(followed.look(SECOND));
    let told = followed.problems();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|told| told.contains("the gzip data ends too early")), "{told:?}");
}

#[test]
fn a_file_that_cannot_be_opened_is_told_of_once_and_read_when_it_can() {
    let mut followed = Followed::new(options());
    let allow = |followed: &Followed, name: &str, mode: u32| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(followed.root.path().join(name), permissions).unwrap();
    };
    followed.write("a.pcap", &pcap(&[1, 2]));
    followed.write("b.pcap", &pcap(&[3]));
    allow(&followed, "a.pcap", 0);
    for _ in 0..100 {
        assert!(!followed.look(SECOND / 10));
    }
    assert_eq!(followed.stream, [3], "it holds nobody up");
    assert_eq!(followed.follower.left_bytes(), 0);
    assert_eq!(followed.problems(), ["a.pcap: it cannot be opened (Permission denied)"]);
    let refused = followed.refused.load(Ordering::Relaxed);
    assert!(refused <= 12, "{refused} attempts in ten seconds");
    allow(&followed, "a.pcap", 0o600);
    followed.look(2 * SECOND);
    assert_eq!(followed.stream, [3, 1, 2]);
    // From the middle on, after whoever reads has begun again.
    let state = followed.follower.state();
    followed.append("a.pcap", &record(4));
    allow(&followed, "a.pcap", 0);
    followed.again(options(), &state);
    (0..5).for_each(|_| assert!(!followed.look(SECOND)));
    let told = ["a.pcap: it cannot be opened to go on at byte 176 (Permission denied)"];
    assert_eq!(followed.problems(), told);
    allow(&followed, "a.pcap", 0o600);
    followed.look(2 * SECOND);
    assert_eq!(followed.stream, [4]);
    assert_eq!(followed.problems(), Vec::<String>::new());
}

#[test]
fn what_is_named_like_a_capture_and_is_no_file_is_told_of_once() {
    let mut followed = Followed::new(options());
    let path = |name: &str| followed.root.path().join(name);
    std::fs::create_dir(path("folder.pcap")).unwrap();
    std::fs::create_dir(path("folder")).unwrap();
    symlink("nothing", path("link.pcap")).unwrap();
    symlink("nothing", path("link")).unwrap();
    symlink("/dev/zero", path("out.pcap")).unwrap();
    followed.write("a.pcap", &pcap(&[1]));
    followed.look(SECOND);
    assert_eq!(followed.problems(), Vec::<String>::new(), "they may be about to be files");
    (0..5).for_each(|_| assert!(!followed.look(SECOND)));
    let mut told = followed.problems();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "folder.pcap: it is a folder, and what is in it is not followed",
            "link.pcap: it is a link that leads nowhere",
            "out.pcap: it is a link that leads out of the folder"
        ]
    );
    // What becomes one is read.
    followed.write("nothing", &pcap(&[2]));
    std::fs::remove_dir(followed.root.path().join("folder.pcap")).unwrap();
    followed.write("folder.pcap", &pcap(&[3]));
    followed.look(SECOND);
    followed.follower.end();
    assert!(followed.look(SECOND));
    assert_eq!(followed.stream, [1, 2, 3]);
    assert_eq!(followed.problems(), Vec::<String>::new());
}
