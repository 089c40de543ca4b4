//! A full disk: jobs wait, the API answers, nothing is corrupted, and work resumes when there is room.
//! `TRACTOR_CASES` is the number of disks.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::jobs::slow_capture;
use super::server::{Place, Server};
use super::stops::cases;
use super::streams::{end, follow};
use crate::cli::run::until;
use crate::cli::traffic::office;
use crate::follow::writer::{Rotation, Sensor, replay};
use crate::follow::{rows_of, traffic};
use crate::support::random::Random;

/// A small disk of memory; gone when it is dropped.
struct Disk(PathBuf);

impl Disk {
    /// `None`, and a word why, where nobody may mount one.
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir(at).expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(at);
        match mount.output() {
            Ok(done) if done.status.success() => Some(Self(at.to_owned())),
            done => {
                eprintln!("skipped: a disk of memory cannot be mounted: {done:?}");
                None
            }
        }
    }

    /// Fills it but for so many bytes.
    fn fill(&self, but_for_bytes: u64) {
        let about = rustix::fs::statvfs(&self.0).expect("about the disk");
        let free = about.f_bavail * about.f_frsize;
        let filler = vec![0x55; free.saturating_sub(but_for_bytes) as usize];
        let _ = std::fs::write(self.0.join("filler"), filler);
    }

    fn free(&self) {
        std::fs::remove_file(self.0.join("filler")).expect("the filler goes");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Whoever still looks at it goes on doing so.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

const FLAGS: [&str; 4] = ["--chunk-bytes", "20000", "--workers", "1"];

fn waits_for_disk(server: &Server, job: u64) -> bool {
    server.status(job)["waiting"] == "disk"
}

#[test]
fn a_job_waits_for_room_and_nothing_is_lost() {
    let expected = {
        let place = Place::new();
        place.capture("slow.pcap", &slow_capture());
        let server = place.serve(&FLAGS);
        let job = server.finished("slow.pcap");
        server.export(job, "csv")
    };
    for case in 0..cases(2) {
        let mut random = Random::seeded(case);
        let place = Place::new();
        place.capture("slow.pcap", &slow_capture());
        place.capture("office.pcap", &office());
        let Some(disk) = Disk::mount(&place.data()) else { return };
        let mut server = place.serve(&FLAGS);
        let done = server.finished("office.pcap");
        let rows = server.export(done, "csv");
        disk.fill(random.below(1_000_000));
        let job = match server.post(&serde_json::json!({ "file_name": "slow.pcap" })) {
            reply if reply.status == 507 => None,
            reply => reply.json()["job_id"].as_u64(),
        };
        if let Some(job) = job {
            until("the job waits", || waits_for_disk(&server, job));
            assert_eq!(server.export(done, "csv"), rows, "case {case}");
        }
        if random.chance(50) {
            server.kill();
            server = place.serve(&FLAGS);
            assert_eq!(server.export(done, "csv"), rows, "case {case}, after a restart");
            std::thread::sleep(Duration::from_millis(random.below(1_000)));
        }
        disk.free();
        let job = job.unwrap_or_else(|| server.process("slow.pcap"));
        assert_eq!(server.wait(job)["state"], "finished", "case {case}");
        assert!(server.export(job, "csv") == expected, "case {case}: other rows");
        assert_eq!(server.export(done, "csv"), rows, "case {case}, in the end");
        drop(server);
        drop(disk);
    }
}

#[test]
fn a_stream_waits_for_room_and_nothing_is_lost() {
    let capture = traffic(9, 6_000);
    let expected = rows_of(&capture, &[]);
    for case in 0..cases(2) {
        let mut random = Random::seeded(case);
        let place = Place::new();
        let Some(disk) = Disk::mount(&place.data()) else { return };
        let flags = ["--quiet-after", "never", "--checkpoint-pause", "30ms"];
        let mut server = place.serve(&flags);
        let job = follow(&server, ".");
        // What is noted of so many files has no room in a page.
        let rotation = Rotation::Bytes(capture.bytes.len() / (50 + random.below(50) as usize));
        let sensor = Sensor { rotation, ..Sensor::default() };
        disk.fill(random.below(4_096));
        replay(&capture, &place.captures(), sensor, &mut random);
        until("the job waits", || waits_for_disk(&server, job));
        if case.is_multiple_of(2) {
            server.kill();
            server = place.serve(&flags);
            std::thread::sleep(Duration::from_millis(random.below(1_000)));
        }
        disk.free();
        assert_eq!(end(&server, job, capture.packets())["state"], "finished", "case {case}");
        let rows = String::from_utf8(server.export(job, "csv")).unwrap();
        assert!(rows == expected, "case {case}: {} lines", rows.lines().count());
        drop(server);
        drop(disk);
    }
}

#[test]
fn what_was_cancelled_on_a_full_disk_stays_cancelled() {
    let place = Place::new();
    place.capture("slow.pcap", &slow_capture());
    let Some(disk) = Disk::mount(&place.data()) else { return };
    let mut server = place.serve(&FLAGS);
    let job = server.process("slow.pcap");
    disk.fill(0);
    until("the job waits", || waits_for_disk(&server, job));
    assert_eq!(server.delete(&format!("/file/{job}")).status, 200);
    assert_eq!(server.wait(job)["state"], "cancelled");
    disk.free();
    let record = place.data().join("jobs").join(job.to_string()).join("job.json");
    until("the record has found room", || {
        std::fs::read_to_string(&record).is_ok_and(|text| text.contains("cancelled"))
    });
    server.kill();
    let server = place.serve(&FLAGS);
    assert_eq!(server.status(job)["state"], "cancelled");
}
