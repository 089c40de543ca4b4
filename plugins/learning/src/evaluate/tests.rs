use super::{Calibration, Confusion, Split, cross_validate, folds, leakage};
use crate::forest::ForestParameters;
use crate::testing::clouds;
use crate::train::{Options, Parameters, train};

#[test]
fn measures_are_those_of_a_worked_example() {
    let mut confusion = Confusion::new(3);
    // Class 0: 3 right, 1 taken for 1. Class 1: 2 right. Class 2: 1 taken for 0, none right.
    for (class, predicted) in [(0, 0), (0, 0), (0, 0), (0, 1), (1, 1), (1, 1), (2, 0)] {
        confusion.add(class, predicted);
    }
    let near = |left: f64, right: f64| assert!((left - right).abs() < 1e-12, "{left} {right}");
    near(confusion.accuracy(), 5.0 / 7.0);
    near(confusion.of_class(0).precision, 3.0 / 4.0);
    near(confusion.of_class(0).recall, 3.0 / 4.0);
    near(confusion.of_class(1).precision, 2.0 / 3.0);
    near(confusion.of_class(1).f1, 0.8);
    near(confusion.of_class(2).f1, 0.0);
    near(confusion.macro_f1(), (0.75 + 0.8) / 3.0);
    assert_eq!(confusion.of_class(2).support, 1);
    near(Confusion::new(2).accuracy(), 0.0);
}

#[test]
fn calibration_is_that_of_a_worked_example() {
    let mut calibration = Calibration::default();
    calibration.add(0, 0, &[0.75, 0.25]);
    calibration.add(1, 0, &[0.75, 0.25]);
    calibration.add(1, 1, &[0.0, 1.0]);
    // Gaps: |1.5 - 1| in the bin of 0.75, none in the last; squares: 2/16, 2 * 9/16, 0.
    assert!((calibration.expected_error() - 0.5 / 3.0).abs() < 1e-9);
    assert!((calibration.brier() - (2.0 / 16.0 + 18.0 / 16.0) / 3.0).abs() < 1e-9);
    assert_eq!(calibration.bins[9].means(), Some((1.0, 1.0)));
    assert_eq!(calibration.bins[0].means(), None);
}

#[test]
fn random_folds_have_all_classes_alike_and_blocks_are_contiguous() {
    let table = clouds(1_000, 3, 1);
    let random = folds(&table, Split::Random, 5, 1);
    assert_ne!(random, folds(&table, Split::Random, 5, 2));
    for class in 0..3 {
        let count = |fold: u16| {
            let rows = random.iter().zip(table.class_of());
            rows.filter(|(of, row)| **of == fold && **row == class).count()
        };
        let counts: Vec<usize> = (0..5).map(count).collect();
        assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{counts:?}");
    }
    let block = folds(&table, Split::Block, 5, 1);
    for class in 0..3 {
        let rows = block.iter().zip(table.class_of()).filter(|(_, of)| **of == class);
        let of_class: Vec<u16> = rows.map(|(fold, _)| *fold).collect();
        assert!(of_class.is_sorted() && of_class.last() == Some(&4), "{of_class:?}");
    }
}

#[test]
fn captures_are_whole_in_folds_by_capture_and_leak_in_others() {
    let table = clouds(1_000, 3, 1);
    let by_capture = folds(&table, Split::Capture, 4, 1);
    assert_eq!(leakage(&table, &by_capture).captures, 0);
    let used: std::collections::BTreeSet<u16> = by_capture.iter().copied().collect();
    assert_eq!(used.len(), 4);
    let random = leakage(&table, &folds(&table, Split::Random, 4, 1));
    assert_eq!((random.captures, random.rows), (12, 1_000));
}

#[test]
fn folds_that_do_not_fit_are_refused() {
    let table = clouds(100, 2, 1);
    let parameters = Parameters::Forest(ForestParameters { trees: 2, ..Default::default() });
    let error = |folds: &[u16]| {
        let given = (Split::Given, folds);
        cross_validate(&table, &parameters, given, 1, 1).unwrap_err().to_string()
    };
    assert_eq!(error(&[0, 1]), "the table has 100 rows, and there are 2 folds");
    assert_eq!(error(&[3; 100]), "the table has rows in 1 folds, and 2 to 1000 may be");
}

#[test]
fn a_training_reports_strict_and_random_splits_side_by_side() {
    let mut table = clouds(400, 2, 1);
    table.classes[0] = "<script>&".to_owned();
    let forest = ForestParameters { trees: 5, ..Default::default() };
    let options =
        Options { parameters: Parameters::Forest(forest), folds: 3, ..Options::default() };
    let trained = train(&table, &options).unwrap();
    let splits: Vec<Split> = trained.report.evaluations.iter().map(|one| one.split).collect();
    assert_eq!(splits, [Split::Capture, Split::Random]);
    let cautions = trained.report.cautions();
    assert_eq!(cautions, ["the random split has 12 captures, of 400 rows, on both sides"]);
    let text = trained.report.text();
    assert!(text.starts_with("forest on 400 rows of profile invented/1, 2 classes\n"), "{text}");
    assert!(
        text.contains("\ncapture         3 ") && text.contains("\nrandom          3 "),
        "{text}"
    );
    let html = trained.report.html();
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;&amp;"));
    assert_eq!(html.matches("<svg").count(), html.matches("</svg>").count());
    let manifest = trained.file.header.manifest.clone().unwrap();
    assert_eq!(manifest.rows_of_classes.iter().map(|count| count.rows).sum::<u64>(), 400);
    let again = train(&table, &Options { threads: 1, ..options.clone() }).unwrap();
    assert_eq!(again.report, trained.report);
    assert_eq!(again.file.to_bytes().unwrap(), trained.file.to_bytes().unwrap());
    let error = |options: Options| train(&table, &options).unwrap_err().to_string();
    let folds = error(Options { folds: 1, ..options });
    assert_eq!(
        folds,
        "the parameter folds (--cv) is 1: 0, or 2 to 1000 and no more than the 400 rows, may be"
    );
    let one_class = train(&clouds(50, 1, 1), &Options::default()).unwrap_err().to_string();
    assert_eq!(one_class, "the table has one class alone");
}
