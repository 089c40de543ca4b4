//! The routes that there are, as the OpenAPI document has them: which methods a path takes, and what
//! measurements call it.

use super::openapi;
use super::query::digits;
use hyper::Method;
use std::str::FromStr;
use std::sync::LazyLock;

/// A number of a job in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobId(pub u64);

impl FromStr for JobId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        digits(text).map(Self).ok_or(())
    }
}

/// A path that is served.
#[derive(Debug)]
pub struct Known {
    /// As in the document: `/file/{job_id}/status`.
    pub template: String,
    pub methods: Vec<Method>,
    /// The template, between its slashes.
    parts: Vec<String>,
}

impl Known {
    fn matches(&self, path: &[&str]) -> bool {
        let holds = |(part, given): (&String, &&str)| match part.starts_with('{') {
            true => given.parse::<JobId>().is_ok(),
            false => part == given,
        };
        self.parts.len() == path.len() && self.parts.iter().zip(path).all(holds)
    }

    /// HEAD is GET without the body.
    pub fn has_head(&self) -> bool {
        self.methods.contains(&Method::GET)
    }

    /// What `Allow` says.
    pub fn allow(&self) -> String {
        let mut names: Vec<&str> = self.methods.iter().map(Method::as_str).collect();
        if self.has_head() {
            names.push("HEAD");
        }
        names.join(", ")
    }
}

static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let paths = openapi::document().paths.paths;
    let known = |(template, item): (String, utoipa::openapi::PathItem)| {
        let operations = [
            (Method::GET, item.get.is_some()),
            (Method::POST, item.post.is_some()),
            (Method::DELETE, item.delete.is_some()),
        ];
        let methods = operations.into_iter().filter_map(|(method, there)| there.then_some(method));
        let parts = template.split('/').map(str::to_owned).collect();
        Known { template, methods: methods.collect(), parts }
    };
    paths.into_iter().map(known).collect()
});

/// The route of a path, with or without `/v1` before it.
pub fn find(path: &str) -> Option<&'static Known> {
    let path = path.strip_prefix("/v1").filter(|rest| rest.starts_with('/')).unwrap_or(path);
    let path = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path);
    let parts: Vec<&str> = path.split('/').collect();
    KNOWN.iter().find(|known| known.matches(&parts))
}

/// All of them.
#[cfg(test)]
pub fn all() -> &'static [Known] {
    &KNOWN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_known_with_and_without_its_version() {
        let template = |path| find(path).map(|known| known.template.as_str());
        for path in ["/file/12/status", "/v1/file/12/status", "/file/12/status/"] {
            assert_eq!(template(path), Some("/file/{job_id}/status"), "{path}");
        }
        let unknown =
            ["/file/x/status", "/file/+1/status", "/file//status", "/v1", "/v1/v1/files/list"];
        for path in unknown.into_iter().chain(["", "*", "/filesx", "//files/list", "/v1files/list"])
        {
            assert_eq!(template(path), None, "{path}");
        }
    }
}
