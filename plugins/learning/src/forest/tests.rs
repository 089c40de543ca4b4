use super::ForestParameters;
use crate::limits::TREES_MAX;
use crate::model::{Model, most_likely};
use crate::table::Table;
use crate::testing::clouds;
use crate::train::{Parameters, fit};

fn small() -> ForestParameters {
    ForestParameters { trees: 30, ..ForestParameters::default() }
}

fn accuracy(model: &Model, table: &Table) -> f64 {
    let classes = table.classes.len();
    let mut probabilities = vec![0.0; table.rows() * classes];
    model.predict_probabilities(&table.values_f32(), &mut probabilities);
    let predicted = probabilities.chunks_exact(classes).map(most_likely);
    let right =
        predicted.zip(table.class_of()).filter(|(class, truth)| *class == usize::from(**truth));
    right.count() as f64 / table.rows() as f64
}

#[test]
fn every_kind_tells_clouds_apart_and_is_the_same_for_any_number_of_threads() {
    let (learned, tested) = (clouds(900, 3, 1), clouds(600, 3, 2));
    for (kind, least) in [("forest", 0.9), ("boosting", 0.9), ("nearest", 0.85), ("logistic", 0.85)]
    {
        let parameters = match Parameters::of_kind(kind).unwrap() {
            Parameters::Forest(_) => Parameters::Forest(small()),
            Parameters::Boosting(boosting) => {
                Parameters::Boosting(crate::boosting::BoostingParameters { rounds: 30, ..boosting })
            }
            other => other,
        };
        let model = fit(&learned, &parameters, 5, 1).unwrap().model;
        let accuracy = accuracy(&model, &tested);
        assert!(accuracy > least, "{kind}: {accuracy}");
        let again = fit(&learned, &parameters, 5, 3).unwrap().model;
        let answers = |model: &Model| {
            let mut answers = vec![0.0; tested.rows() * 3];
            model.predict_probabilities(&tested.values_f32(), &mut answers);
            answers
        };
        assert_eq!(answers(&model), answers(&again), "{kind}");
        let sums =
            answers(&model).chunks_exact(3).map(|row| row.iter().sum()).collect::<Vec<f32>>();
        assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-5), "{kind}");
    }
}

#[test]
fn a_forest_beyond_its_bounds_is_the_fault_of_the_parameters() {
    let parameters = ForestParameters { trees: TREES_MAX + 1, ..small() };
    let grown = fit(&clouds(2, 2, 1), &Parameters::Forest(parameters), 1, 1);
    assert_eq!(
        grown.unwrap_err().to_string(),
        "the parameter --trees gives more than 100000 trees or 67108864 nodes: take fewer of them, or a \
         greater --leaf-rows"
    );
}

#[test]
fn noise_is_of_least_importance() {
    let fitted = fit(&clouds(900, 3, 1), &Parameters::Forest(small()), 1, 2).unwrap();
    let [first, _, _, noise] = fitted.importances.try_into().unwrap();
    assert!(first > 0.3 && noise < 0.2, "{first} {noise}");
}

#[test]
fn whether_values_are_missing_may_tell_classes_apart() {
    let mut builder =
        crate::table::TableBuilder::new(Default::default(), vec!["only".into()]).unwrap();
    for number in 0..200 {
        let (value, class) =
            if number % 2 == 0 { (f64::NAN, "none") } else { (number as f64, "some") };
        builder.push(&[value], class, None).unwrap();
    }
    let table = builder.finish().unwrap();
    for kind in ["forest", "boosting"] {
        let model = fit(&table, &Parameters::of_kind(kind).unwrap(), 1, 1).unwrap().model;
        assert_eq!(accuracy(&model, &table), 1.0, "{kind}");
    }
}

#[test]
fn leaves_keep_to_their_least_number_of_rows() {
    let table = clouds(500, 3, 1);
    let nodes = |leaf_rows_min| {
        let parameters = Parameters::Forest(ForestParameters { leaf_rows_min, ..small() });
        match fit(&table, &parameters, 1, 1).unwrap().model {
            Model::Trees(trees) => trees.ensemble.nodes(),
            _ => 0,
        }
    };
    let (fine, coarse) = (nodes(1), nodes(50));
    assert!(fine > 3 * coarse && coarse <= 30 * 19, "{fine} {coarse}");
}
