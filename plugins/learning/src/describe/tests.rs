use super::{DescribeOptions, Description};
use crate::table::TableBuilder;
use crate::testing::clouds;

#[test]
fn clusters_are_the_clouds_and_the_seed_decides() {
    let table = clouds(600, 3, 1);
    let description = Description::of(&table, &DescribeOptions::default()).unwrap();
    assert_eq!(description.rows, 600);
    assert_eq!(description.clusters.iter().map(|cluster| cluster.rows).sum::<usize>(), 600);
    let right: usize = description.clusters.iter().map(|cluster| cluster.class_rows).sum();
    assert!(right > 400, "{:?}", description.clusters);
    let again = Description::of(&table, &DescribeOptions::default()).unwrap();
    assert_eq!(
        serde_json::to_string(&again).unwrap(),
        serde_json::to_string(&description).unwrap()
    );
    let text = description.text();
    assert!(text.starts_with("600 rows of profile invented/1, from 12 known captures\n"), "{text}");
    let too_many = DescribeOptions { clusters: 257, seed: 1 };
    let error = Description::of(&table, &too_many).unwrap_err().to_string();
    assert_eq!(error, "the parameter clusters is 257, and 256 may be");
}

#[test]
fn ranges_and_components_are_those_of_a_worked_example() {
    let features = ["x", "twice", "none", "same"].map(str::to_owned).to_vec();
    let mut builder = TableBuilder::new(Default::default(), features).unwrap();
    for x in [1.0, 2.0, 3.0, 4.0] {
        builder.push(&[x, -2.0 * x, f64::NAN, 7.0], "only", None).unwrap();
    }
    let table = builder.finish().unwrap();
    let description = Description::of(&table, &DescribeOptions::default()).unwrap();
    let x = &description.features[0];
    assert_eq!(
        (x.least, x.median, x.mean, x.greatest),
        (Some(1.0), Some(2.0), Some(2.5), Some(4.0))
    );
    assert_eq!((description.features[2].missing, description.features[2].mean), (4, None));
    let [component] = description.components.as_slice() else { panic!("{description:?}") };
    assert!((component.part - 1.0).abs() < 1e-6);
    let [heaviest, next, ..] = component.weights.as_slice() else { panic!("{component:?}") };
    assert!((heaviest.1 - 0.5_f64.sqrt()).abs() < 1e-5 && (next.1 + 0.5_f64.sqrt()).abs() < 1e-5);
}
