mod folder;
mod told;

use super::*;
use crate::capture::{FollowOptions, FollowState};
use folder::*;
use std::io::Write;
use std::sync::atomic::Ordering;

#[test]
fn a_file_that_grows_is_read_up_to_its_last_whole_packet() {
    let mut followed = Followed::new(options());
    let whole = pcap(&[1, 2, 3]);
    for end in 0..=whole.len() {
        match end {
            0 => followed.write("a.pcap", b""),
            _ => followed.append("a.pcap", &whole[end - 1..end]),
        }
        followed.look(SECOND);
        let packets = end.saturating_sub(24) / RECORD_BYTES;
        assert_eq!(followed.stream, [1, 2, 3][..packets], "{end} bytes");
    }
    assert_eq!(followed.problems(), Vec::<String>::new());
}

#[test]
fn a_file_that_was_made_before_another_is_read_before_it() {
    const FILES: u32 = 4_000;
    let mut followed = Followed::new(options());
    let captures = followed.root.path().to_owned();
    // Each is whole before the next one is there: the first ones have a name each, then five are written
    // over again and again, of which some are lost.
    let name = |second: u32| if second < FILES / 2 { second } else { FILES + second % 5 };
    std::thread::scope(|scope| {
        let sensor = scope.spawn(|| {
            for second in 0..FILES {
                let path = captures.join(format!("{:05}.pcap", name(second)));
                std::fs::write(path, pcap(&[second])).unwrap();
            }
        });
        while !sensor.is_finished() {
            followed.look(SECOND / 20);
        }
    });
    for _ in 0..2 {
        followed.look(SECOND);
    }
    assert!(followed.stream.is_sorted(), "{:?}", followed.stream);
    assert!(followed.stream.len() > FILES as usize / 2);
}

#[test]
fn files_are_read_in_the_order_of_their_first_packets() {
    let mut followed = Followed::new(options());
    followed.write("a.pcap", &pcap(&[5, 6]));
    followed.write("b.pcap", &pcap(&[1, 2]));
    followed.write("c.pcap", &pcap(&[]));
    followed.write("notes.txt", &[b'x'; 1_000]);
    followed.look(SECOND);
    followed.append("c.pcap", &record(9));
    followed.look(SECOND);
    assert_eq!(followed.stream, [1, 2, 5, 6, 9]);
    assert_eq!((followed.problems().len(), followed.follower.late_files()), (0, 0));
}

#[test]
fn who_begins_the_next_file_has_ended_the_one_before() {
    let mut followed = Followed::new(options());
    followed.write("b.pcap", &pcap(&[1]));
    followed.look(SECOND);
    // The folder lists the new one first.
    followed.append("b.pcap", &record(2));
    followed.write("a.pcap", &pcap(&[3]));
    followed.look(SECOND);
    assert_eq!(followed.stream, [1, 2, 3]);
}

#[test]
fn a_file_that_is_written_over_is_another_one() {
    let mut followed = Followed::new(options());
    followed.write("a.pcap", &pcap(&[1, 2, 3]));
    followed.look(SECOND);
    // In place: its number stays. It may be longer or shorter than what was read.
    for (seconds, empty_first) in [(vec![4, 5, 6, 7], false), (vec![8], true), (vec![9, 10], false)]
    {
        if empty_first {
            followed.write("a.pcap", b"");
            followed.look(SECOND);
        }
        followed.write("a.pcap", &pcap(&seconds));
        followed.look(SECOND);
    }
    assert_eq!(followed.stream, (1..=10).collect::<Vec<_>>());
    assert_eq!(followed.problems(), Vec::<String>::new());
}

#[test]
fn a_file_with_another_name_is_the_same_and_a_name_may_be_another_files() {
    let mut followed = Followed::new(options());
    let path = |name: &str| followed.root.path().join(name);
    let (now, before) = (path("a.pcap"), path("a.pcap.1"));
    followed.write("a.pcap", &pcap(&[1]));
    followed.look(SECOND);
    std::fs::rename(&now, &before).unwrap();
    followed.append("a.pcap.1", &record(2));
    followed.write("a.pcap", &pcap(&[3]));
    followed.look(SECOND);
    assert_eq!(followed.stream, [1, 2, 3]);
    // Removed, and its number is given to the next.
    for second in 4..20 {
        followed.remove("a.pcap");
        followed.write("a.pcap", &pcap(&[second]));
        followed.look(SECOND);
    }
    assert_eq!(followed.stream, (1..20).collect::<Vec<_>>());
    assert_eq!(followed.problems(), Vec::<String>::new());
}

#[test]
fn what_is_removed_is_read_to_its_end_or_told_of() {
    let mut followed = Followed::new(options());
    followed.write("a.pcap", &pcap(&[1]));
    followed.look(SECOND);
    followed.append("a.pcap", &record(2));
    followed.remove("a.pcap");
    followed.look(SECOND);
    assert_eq!(followed.stream, [1, 2], "it was open");
    // Of many files not all are open.
    (0..60).for_each(|second| followed.write(&format!("{second}.pcap"), &pcap(&[10 + second])));
    followed.follower.look(SECOND);
    (0..60).for_each(|second| followed.remove(&format!("{second}.pcap")));
    (0..4).for_each(|_| assert!(!followed.look(SECOND)));
    let read = followed.stream.len() - 2;
    assert!((1..60).contains(&read));
    assert_eq!(followed.problems().len() + read, 60);
}

#[test]
fn files_that_come_late_are_counted_or_waited_for() {
    let mut followed = Followed::new(options());
    followed.write("a.pcap", &pcap(&[5]));
    followed.look(SECOND);
    followed.write("b.pcap", &pcap(&[3]));
    followed.look(SECOND);
    assert_eq!((&followed.stream[..], followed.follower.late_files()), (&[5, 3][..], 1));

    let mut followed = Followed::new(FollowOptions { lateness: 3 * SECOND, ..options() });
    followed.write("z.pcap", &pcap(&[1]));
    followed.look(SECOND);
    followed.write("a.pcap", &pcap(&[5]));
    followed.look(SECOND);
    followed.write("b.pcap", &pcap(&[3]));
    followed.look(2 * SECOND);
    assert_eq!(followed.stream, [1]);
    followed.look(SECOND);
    followed.look(2 * SECOND);
    assert_eq!((&followed.stream[..], followed.follower.late_files()), (&[1, 3, 5][..], 0));
}

#[test]
fn a_file_that_is_compressed_is_not_read_twice() {
    use flate2::{Compression, write::GzEncoder};
    let mut followed = Followed::new(options());
    let seconds: Vec<u32> = (1..50).collect();
    followed.write("a.pcap", &pcap(&seconds[..30]));
    followed.look(SECOND);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&pcap(&seconds)).unwrap();
    // It had grown, and then was compressed and removed.
    let compressed = gzip.finish().unwrap();
    // It is seen before there is anything in it, and when it is not whole.
    for bytes in [0, 5, compressed.len() / 2] {
        followed.write("a.pcap.gz", &compressed[..bytes]);
        followed.look(SECOND);
    }
    followed.append("a.pcap.gz", &compressed[compressed.len() / 2..]);
    followed.look(SECOND);
    assert_eq!(followed.stream.len(), 30);
    followed.remove("a.pcap");
    (0..6).for_each(|_| assert!(!followed.look(SECOND)));
    assert_eq!(followed.stream, (1..50).collect::<Vec<_>>());
    assert_eq!(followed.problems(), Vec::<String>::new());
}

/// It is on its way from one name to another, and listed with neither.
#[test]
fn a_file_that_is_not_listed_once_is_still_the_same() {
    let mut followed = Followed::new(options());
    let beside = tempfile::tempdir_in(followed.root.path()).unwrap();
    let (here, there) = (followed.root.path().join("a.pcap"), beside.path().join("a.pcap"));
    followed.write("a.pcap", &pcap(&[1]));
    followed.look(SECOND);
    for second in 2..6 {
        std::fs::rename(&here, &there).unwrap();
        followed.look(SECOND);
        std::fs::rename(&there, &here).unwrap();
        followed.append("a.pcap", &record(second));
        followed.look(SECOND);
    }
    assert_eq!(followed.stream, [1, 2, 3, 4, 5]);
    assert_eq!(followed.problems(), Vec::<String>::new());
}

#[test]
fn what_waits_for_older_files_is_no_silence() {
    let options = FollowOptions {
        lateness: 10 * SECOND,
        quiet_after: Some(2 * SECOND),
        end_after: Some(5 * SECOND),
        ..options()
    };
    let mut followed = Followed::new(options);
    followed.write("a.pcap", &pcap(&[1]));
    followed.look(SECOND);
    followed.write("b.pcap", &pcap(&[2]));
    (0..9).for_each(|_| assert!(!followed.look(SECOND)));
    followed.look(2 * SECOND);
    assert_eq!(followed.stream, [1, 2]);
}

#[test]
fn time_passes_without_packets_until_nothing_waits_for_it() {
    let mut followed = Followed::new(FollowOptions { quiet_after: Some(5 * SECOND), ..options() });
    followed.look(60 * SECOND);
    assert!(followed.stream.is_empty(), "before the first packet nobody knows the time");
    followed.write("a.pcap", &pcap(&[100]));
    for _ in 0..60 {
        followed.look(SECOND);
    }
    assert_eq!(followed.stream, [100, -105, -110, -115, -120, -125]);
    followed.append("a.pcap", &record(111));
    followed.look(SECOND);
    followed.look(6 * SECOND);
    assert_eq!(followed.stream[6..], [111, -130], "time does not go back");
}

#[test]
fn a_stream_ends_after_a_silence_or_when_it_is_told() {
    let end_after = Some(3 * SECOND);
    let mut followed = Followed::new(FollowOptions { end_after, ..options() });
    followed.write("a.pcap", &pcap(&[1, 2])[..150]);
    assert!(!followed.look(SECOND));
    assert!(!followed.look(2 * SECOND));
    assert!(followed.look(SECOND));
    let told =
        ["a.pcap: truncated at byte 100: 50 bytes of a record that was not finished are left"];
    assert_eq!(followed.problems(), told);
    assert_eq!(followed.stream, [1]);
    let mut followed = Followed::new(options());
    assert!(!followed.look(SECOND));
    followed.follower.end();
    assert!(followed.look(SECOND));
}

#[test]
fn a_folder_that_is_mounted_anew_has_the_files_that_it_had() {
    let mut followed = Followed::new(options());
    let remount = |followed: &Followed| followed.device.fetch_add(1, Ordering::Relaxed);
    followed.write("a.pcap", &pcap(&[1, 2]));
    followed.write("b.pcap", &pcap(&[3, 4]));
    followed.write("c.pcap", &pcap(&[5, 6, 7]));
    followed.write("d.pcap", &pcap(&[]));
    followed.look(SECOND);
    assert_eq!(followed.stream, [1, 2, 3, 4, 5, 6, 7]);
    let state = followed.follower.state();
    remount(&followed);
    // One grows, one is written over in place, one is cut, one begins.
    followed.append("a.pcap", &record(8));
    followed.write("b.pcap", &pcap(&[9, 10, 11]));
    followed.write("c.pcap", &pcap(&[5, 6, 7])[..252 - 30]);
    followed.append("d.pcap", &record(12));
    followed.again(options(), &state);
    followed.look(SECOND);
    (0..4).for_each(|_| assert!(!followed.look(SECOND)));
    let mut read = followed.stream.clone();
    read.sort_unstable();
    assert_eq!(read, [8, 9, 10, 11, 12], "what was read is not read again");
    let told = ["c.pcap: truncated at byte 252: the file became shorter while it was read"];
    assert_eq!(followed.problems(), told);
    // While it is followed a file on another device is another file.
    remount(&followed);
    followed.look(SECOND);
    assert_eq!(followed.stream.len(), 5 + 3 + 3 + 2 + 1);
}

/// Late files, files written over and time that passed: what was noted is done again, and what comes
/// behind it is as if nothing had happened.
#[test]
fn a_stream_goes_on_from_any_state_as_it_was() {
    let options = FollowOptions { quiet_after: Some(5 * SECOND), ..options() };
    let mut followed = Followed::new(options.clone());
    let mut states = vec![(0, followed.follower.state())];
    let step =
        |followed: &mut Followed, passed: Duration, states: &mut Vec<(usize, FollowState)>| {
            followed.look(passed);
            states.push((followed.stream.len(), followed.follower.state()));
        };
    followed.write("b.pcap", &pcap(&[100, 101]));
    step(&mut followed, SECOND, &mut states);
    followed.write("a.pcap", &pcap(&[90, 91]));
    step(&mut followed, SECOND, &mut states);
    followed.append("b.pcap", &record(102)[..40]);
    step(&mut followed, 6 * SECOND, &mut states);
    followed.append("b.pcap", &record(102)[40..]);
    followed.append("a.pcap", &record(95));
    step(&mut followed, SECOND, &mut states);
    step(&mut followed, 6 * SECOND, &mut states);
    followed.write("c.pcap", &pcap(&[104]));
    step(&mut followed, SECOND, &mut states);
    let whole = followed.stream.clone();
    assert_eq!(whole, [100, 101, 90, 91, -106, 95, 102, -111, 104]);
    // The second time the folder was mounted anew.
    for (place, (done, state)) in states.iter().chain(&states).enumerate() {
        followed.device.store(u64::from(place >= states.len()), Ordering::Relaxed);
        followed.again(options.clone(), state);
        followed.look(Duration::ZERO);
        assert_eq!(followed.stream, whole[*done..], "from {done} on");
        assert_eq!(followed.problems(), Vec::<String>::new());
    }
    assert!(states.iter().any(|(_, state)| state.events > 0));
}

#[test]
fn what_is_over_is_not_waited_for_and_an_end_that_is_near_is_looked_for() {
    let root = tempfile::tempdir().unwrap();
    // Of a busy machine the quickest of some tells.
    let quickest = |end_after: Option<Duration>, is_over: bool| {
        let waits = (0..10).map(|_| {
            let mut rounds = Rounds::through(root.path(), end_after);
            if is_over {
                rounds.end().now();
            }
            let began = Stopwatch::start();
            assert_eq!(rounds.wait().is_none(), is_over);
            began.passed()
        });
        waits.min().unwrap()
    };
    let short = Some(Duration::from_millis(1));
    assert!(quickest(None, true) < LOOK / 2);
    assert!(quickest(None, false) >= LOOK);
    assert!((PAUSE..LOOK / 2).contains(&quickest(short, false)));
}
