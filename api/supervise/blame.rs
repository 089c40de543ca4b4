//! Which plugin ended a child, and what it did.

use super::attempt::How;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use tractor_engine::classify::calls::Inside;

/// A plugin that broke.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Culprit {
    /// By which it is left out: its id, or its path where it has not told its id.
    pub name: String,
    /// What it is and did, to be gone on with.
    pub sentence: String,
    /// Whether nothing was read or written before.
    pub was_loading: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Blame {
    One(Culprit),
    /// Several were inside when the process ended.
    OneOf(Vec<Culprit>),
    /// Plugins had nothing to do with it.
    Nobody(String),
    Interrupted,
}

/// Judges a child that did not say how it ends.
pub fn blame(how: How, inside: Vec<Inside>) -> Blame {
    match how {
        How::Told(_) => Blame::Nobody("it told how it ended".to_owned()),
        How::Interrupted => Blame::Interrupted,
        How::EndedEarly(why) => Blame::Nobody(why),
        How::Failed([id, path, what]) => Blame::One(Culprit {
            sentence: format!("plugin {id} of {path} {what}"),
            name: id,
            was_loading: false,
        }),
        How::Hung(inside, call_max) => {
            Blame::One(culprit(&inside, &deed(&How::Hung(inside.clone(), call_max))))
        }
        How::Ended(status) => {
            let did = did(status);
            // Who is advised to leave one out does better without a stranger.
            let mut inside = inside;
            inside.sort_by_key(Inside::has_bundled_name);
            let mut culprits: Vec<Culprit> = Vec::new();
            for one in inside.iter().map(|inside| culprit(inside, &did)) {
                if culprits.iter().all(|other| other.name != one.name) {
                    culprits.push(one);
                }
            }
            match culprits.len() {
                0 => Blame::Nobody(format!(
                    "the process that did the work {did} while no plugin was inside"
                )),
                1 => Blame::One(culprits.remove(0)),
                _ => Blame::OneOf(culprits),
            }
        }
    }
}

fn culprit(inside: &Inside, did: &str) -> Culprit {
    let Inside { slot, path, id, .. } = inside;
    let name = id.as_ref().unwrap_or(path).clone();
    let of = id.as_ref().map_or_else(|| path.clone(), |id| format!("{id} of {path}"));
    let when = if *slot == 0 { " while it was loaded" } else { "" };
    Culprit { name, sentence: format!("plugin {of} {did}{when}"), was_loading: *slot == 0 }
}

/// What a plugin did that ended a process in that way.
pub fn deed(how: &How) -> String {
    match how {
        How::Hung(_, call_max) => format!("did not return within {} s", call_max.as_secs_f64()),
        How::Ended(status) => did(*status),
        How::Failed([_, _, what]) => what.clone(),
        How::EndedEarly(why) => why.clone(),
        How::Told(_) | How::Interrupted => "ended".to_owned(),
    }
}

/// The signal that nobody can catch.
const KILL: i32 = 9;

/// Whether somebody from outside may have ended it: a person, or a system that is short of memory.
pub fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(KILL)
}

fn did(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(KILL), _) => format!("was killed (signal {KILL})"),
        (Some(signal), _) => format!("crashed (signal {signal})"),
        (None, code) => format!("ended the process (exit code {})", code.unwrap_or_default()),
    }
}

/// One sentence of several plugins of which one did it.
pub fn one_of(culprits: &[Culprit]) -> String {
    let sentences: Vec<&str> = culprits.iter().map(|one| one.sentence.as_str()).collect();
    format!("either {}", sentences.join(", or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(slot: usize, id: Option<&str>) -> Inside {
        Inside { slot, call: 1, path: "./a.so".to_owned(), id: id.map(str::to_owned) }
    }

    #[test]
    fn who_was_inside_did_it() {
        let ended = |raw| How::Ended(ExitStatus::from_raw(raw));
        let Blame::One(culprit) = blame(ended(11), vec![inside(2, Some("org.a"))]) else {
            panic!("one");
        };
        assert_eq!(culprit.sentence, "plugin org.a of ./a.so crashed (signal 11)");
        let Blame::One(culprit) = blame(ended(3 << 8), vec![inside(0, None)]) else {
            panic!("one");
        };
        let sentence = "plugin ./a.so ended the process (exit code 3) while it was loaded";
        assert_eq!((culprit.name.as_str(), culprit.sentence.as_str()), ("./a.so", sentence));
        assert!(matches!(blame(ended(6), vec![]), Blame::Nobody(_)));
        let same = vec![inside(1, Some("org.a")), inside(2, Some("org.a"))];
        assert!(matches!(blame(ended(6), same), Blame::One(_)));
        let why = "it made no progress".to_owned();
        let blamed = blame(How::EndedEarly(why.clone()), vec![inside(1, Some("org.a"))]);
        assert_eq!(blamed, Blame::Nobody(why));
        let two = vec![inside(1, Some("org.a")), inside(2, Some("org.b"))];
        assert!(matches!(blame(ended(6), two), Blame::OneOf(_)));
    }

    #[test]
    fn of_two_the_one_that_came_with_the_program_is_named_last() {
        let ours = "/usr/bin/libtractor_signatures.so".to_owned();
        let ours = Inside { path: ours, ..inside(1, Some("org.tractor.signatures")) };
        let status = ExitStatus::from_raw(11);
        let judged = blame(How::Ended(status), vec![ours, inside(2, Some("org.b"))]);
        let Blame::OneOf(culprits) = judged else { panic!("two") };
        assert_eq!(culprits[0].name, "org.b");
    }
}
