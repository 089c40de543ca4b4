//! A report as lines of text.

use super::{Evaluation, Report};
use std::fmt::Write;

pub(super) fn of(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write(report, &mut text);
    text
}

fn write(report: &Report, to: &mut String) -> std::fmt::Result {
    let Report { kind, profile, rows, classes, .. } = report;
    writeln!(to, "{kind} on {rows} rows of profile {profile}, {} classes", classes.len())?;
    for note in &report.notes {
        writeln!(to, "note: {note}")?;
    }
    for caution in report.cautions() {
        writeln!(to, "warning: {caution}")?;
    }
    writeln!(
        to,
        "\n{:<10} {:>6} {:>9} {:>9} {:>12} {:>8}",
        "split", "folds", "accuracy", "macro F1", "calibration", "Brier"
    )?;
    for Evaluation { split, folds, accuracy, macro_f1, calibration, .. } in &report.evaluations {
        let (error, brier) = (calibration.expected_error(), calibration.brier());
        let split = split.name();
        writeln!(
            to,
            "{split:<10} {folds:>6} {accuracy:>9.4} {macro_f1:>9.4} {error:>12.4} {brier:>8.4}"
        )?;
    }
    for evaluation in &report.evaluations {
        write_classes(report, evaluation, to)?;
    }
    if !report.importances.is_empty() {
        writeln!(to, "\n{:<32} {:>10}", "feature", "importance")?;
    }
    for (name, share) in &report.importances {
        writeln!(to, "{name:<32} {share:>10.4}")?;
    }
    Ok(())
}

fn write_classes(report: &Report, evaluation: &Evaluation, to: &mut String) -> std::fmt::Result {
    let split = evaluation.split.name();
    let [precision, recall, support] = ["precision", "recall", "rows"];
    writeln!(to, "\n{split:<32} {precision:>9} {recall:>9} {:>9} {support:>9}", "F1")?;
    for (number, class) in report.classes.iter().enumerate() {
        let of = evaluation.confusion.of_class(number);
        let (precision, recall, f1) = (of.precision, of.recall, of.f1);
        writeln!(to, "{class:<32} {precision:>9.4} {recall:>9.4} {f1:>9.4} {:>9}", of.support)?;
    }
    writeln!(to, "\n{split}: rows are what is, columns what was said")?;
    write!(to, "{:<32}", "")?;
    for number in 1..=report.classes.len() {
        write!(to, " {number:>6}")?;
    }
    for (number, class) in report.classes.iter().enumerate() {
        write!(to, "\n{:<32}", format!("{} {class}", number + 1))?;
        for predicted in 0..report.classes.len() {
            write!(to, " {:>6}", evaluation.confusion.count(number, predicted))?;
        }
    }
    let (accuracy, macro_f1) = (evaluation.confusion.accuracy(), evaluation.confusion.macro_f1());
    writeln!(to, "\n{split}: of all folds together accuracy {accuracy:.4}, macro F1 {macro_f1:.4}")
}
