//! A report as one page of HTML, with drawings as SVG: no script, nothing from elsewhere. Every name comes
//! from a data set of others and is escaped.

use super::{Evaluation, Report};
use std::fmt::Write;

const STYLE: &str = "body{font:14px/1.5 system-ui,sans-serif;margin:2em auto;max-width:72em;padding:0 1em;\
color:#222;background:#fff}table{border-collapse:collapse;margin:1em 0}th,td{padding:.2em .7em;text-align:right;\
border-bottom:1px solid #ddd}th:first-child,td:first-child{text-align:left}.warning{color:#a40}\
svg text{font:11px system-ui,sans-serif}";

/// Features that are drawn.
const BARS_MAX: usize = 30;

/// Classes up to which the confusion matrix is drawn; of more there is the table alone.
const DRAWN_CLASSES_MAX: usize = 64;

pub(super) fn of(report: &Report) -> String {
    let mut page = String::new();
    // Writing to a string does not fail.
    let _ = write(report, &mut page);
    page
}

fn write(report: &Report, to: &mut String) -> std::fmt::Result {
    let title = format!("{} on {} rows of profile {}", report.kind, report.rows, report.profile);
    let title = escaped(&title);
    write!(
        to,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>"
    )?;
    writeln!(to, "<style>{STYLE}</style></head><body><h1>{title}</h1>")?;
    for note in &report.notes {
        writeln!(to, "<p>{}</p>", escaped(note))?;
    }
    for caution in report.cautions() {
        writeln!(to, "<p class=\"warning\">{}</p>", escaped(&caution))?;
    }
    write!(
        to,
        "<table><tr><th>split<th>folds<th>accuracy<th>macro F1<th>calibration error<th>Brier</tr>"
    )?;
    for one in &report.evaluations {
        let (split, folds) = (one.split.name(), one.folds);
        let calibration = &one.calibration;
        write!(to, "<tr><td>{split}<td>{folds}<td>{:.4}<td>{:.4}", one.accuracy, one.macro_f1)?;
        let (error, brier) = (calibration.expected_error(), calibration.brier());
        writeln!(to, "<td>{error:.4}<td>{brier:.4}</tr>")?;
    }
    writeln!(to, "</table>")?;
    for evaluation in &report.evaluations {
        writeln!(to, "<h2>Split: {}</h2>", evaluation.split.name())?;
        write_classes(report, evaluation, to)?;
        if report.classes.len() <= DRAWN_CLASSES_MAX {
            draw_confusion(report, evaluation, to)?;
        }
        draw_calibration(evaluation, to)?;
    }
    if !report.importances.is_empty() {
        writeln!(to, "<h2>Importance of features</h2>")?;
        draw_importances(report, to)?;
    }
    writeln!(to, "</body></html>")
}

fn write_classes(report: &Report, evaluation: &Evaluation, to: &mut String) -> std::fmt::Result {
    write!(to, "<table><tr><th>class<th>precision<th>recall<th>F1<th>rows</tr>")?;
    for (number, class) in report.classes.iter().enumerate() {
        let of = evaluation.confusion.of_class(number);
        let class = escaped(class);
        write!(to, "<tr><td>{class}<td>{:.4}<td>{:.4}", of.precision, of.recall)?;
        writeln!(to, "<td>{:.4}<td>{}</tr>", of.f1, of.support)?;
    }
    writeln!(to, "</table>")?;
    let (accuracy, macro_f1) = (evaluation.confusion.accuracy(), evaluation.confusion.macro_f1());
    writeln!(to, "<p>Of all folds together: accuracy {accuracy:.4}, macro F1 {macro_f1:.4}</p>")
}

/// A square for each pair of classes, the darker the greater its part of the class.
fn draw_confusion(report: &Report, evaluation: &Evaluation, to: &mut String) -> std::fmt::Result {
    const CELL: usize = 34;
    const NAMES: usize = 160;
    let classes = report.classes.len();
    let (width, height) = (NAMES + CELL * classes + 10, CELL * classes + 40);
    writeln!(to, "<h3>Rows are what is, columns what was said</h3>")?;
    writeln!(to, "<svg width=\"{width}\" height=\"{height}\" role=\"img\">")?;
    for (number, class) in report.classes.iter().enumerate() {
        let y = CELL * number;
        let middle = y + CELL / 2 + 4;
        writeln!(to, "<text x=\"0\" y=\"{middle}\">{} {}</text>", number + 1, escaped(class))?;
        let support = evaluation.confusion.of_class(number).support.max(1);
        for predicted in 0..classes {
            let count = evaluation.confusion.count(number, predicted);
            let part = count as f64 / support as f64;
            let x = NAMES + CELL * predicted;
            let colour = if number == predicted { "#2a6" } else { "#c33" };
            let size = CELL - 1;
            write!(
                to,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{size}\" height=\"{size}\" fill=\"{colour}\" "
            )?;
            writeln!(to, "fill-opacity=\"{part:.3}\" stroke=\"#eee\"/>")?;
            if count > 0 {
                let x = x + CELL / 2;
                writeln!(
                    to,
                    "<text x=\"{x}\" y=\"{middle}\" text-anchor=\"middle\">{count}</text>"
                )?;
            }
        }
        let x = NAMES + CELL * number + CELL / 2;
        let y = CELL * classes + 16;
        writeln!(to, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{}</text>", number + 1)?;
    }
    writeln!(to, "</svg>")
}

/// Confidence to the right, what was right upwards; on the line both are the same.
fn draw_calibration(evaluation: &Evaluation, to: &mut String) -> std::fmt::Result {
    const SIDE: f64 = 220.0;
    writeln!(
        to,
        "<h3>What was right, by confidence</h3><svg width=\"260\" height=\"250\" role=\"img\">"
    )?;
    writeln!(to, "<path d=\"M20 220V0M20 220H240\" stroke=\"#888\" fill=\"none\"/>")?;
    writeln!(to, "<path d=\"M20 220L240 0\" stroke=\"#bbb\" stroke-dasharray=\"4\"/>")?;
    let most = evaluation.calibration.bins.iter().map(|bin| bin.rows).max().unwrap_or(0).max(1);
    for bin in &evaluation.calibration.bins {
        let Some((confidence, right)) = bin.means() else { continue };
        let (x, y) = (20.0 + SIDE * confidence, SIDE * (1.0 - right));
        let radius = 3.0 + 6.0 * (bin.rows as f64 / most as f64).sqrt();
        write!(
            to,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"#26a\" fill-opacity=\".7\">"
        )?;
        writeln!(to, "<title>{} rows: {confidence:.3}, {right:.3}</title></circle>", bin.rows)?;
    }
    writeln!(to, "<text x=\"20\" y=\"236\">0</text><text x=\"232\" y=\"236\">1</text></svg>")
}

fn draw_importances(report: &Report, to: &mut String) -> std::fmt::Result {
    let shown = report.importances.len().min(BARS_MAX);
    let greatest = report.importances.first().map_or(1.0, |(_, share)| share.max(1e-12));
    writeln!(to, "<svg width=\"720\" height=\"{}\" role=\"img\">", 20 * shown)?;
    for (place, (name, share)) in report.importances.iter().take(shown).enumerate() {
        let y = 20 * place;
        let length = 420.0 * share / greatest;
        writeln!(to, "<text x=\"0\" y=\"{}\">{}</text>", y + 14, escaped(name))?;
        writeln!(
            to,
            "<rect x=\"220\" y=\"{}\" width=\"{length:.1}\" height=\"14\" fill=\"#26a\"/>",
            y + 3
        )?;
        writeln!(to, "<text x=\"{:.1}\" y=\"{}\">{share:.4}</text>", 226.0 + length, y + 14)?;
    }
    writeln!(to, "</svg>")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
