//! `tractor dataset describe`: what tables are like before anything learns from them.

use super::{are_tables, refused};
use crate::Exit;
use crate::cli::DescribeArguments;
use crate::commands::{print, stoppable};
use serde_json::json;
use tractor_learning::describe::{DescribeOptions, Description};
use tractor_learning::table::{ReadOptions, read};

pub fn run(arguments: &DescribeArguments) -> Result<Exit, Exit> {
    are_tables(&arguments.data)?;
    let _progress = stoppable();
    let wrong = |error| refused(&error);
    let table = read(&arguments.data, &ReadOptions::default()).map_err(wrong)?;
    let clusters = arguments.clusters.map_or(0, |clusters| clusters as usize);
    let options = DescribeOptions { clusters, seed: arguments.seed };
    let description = Description::of(&table, &options).map_err(wrong)?;
    let life = table.flow_life.map(|life| life.to_string());
    match arguments.json {
        true => {
            let mut object = json!(description);
            object["flow_life"] = json!(table.flow_life);
            object["inputs"] = json!(table.inputs);
            print(&format!("{object:#}\n"))?;
        }
        false => {
            let flows = life.map_or_else(String::new, |life| format!("flows: {life}\n"));
            print(&format!("{flows}{}", description.text()))?;
        }
    }
    Ok(Exit::Success)
}
