//! Labels by name: classes are numbered in the order in which their names are first met.

use std::collections::HashMap;

use crate::error::LearnerError;

/// Bytes of a label.
pub const MAX_LABEL_BYTES: usize = 128;

/// The names of classes, the first of class 0.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    all: Vec<String>,
    class_of: HashMap<String, u32>,
}

impl Names {
    pub(crate) fn of(all: Vec<String>) -> Self {
        let class_of = (0u32..).zip(&all).map(|(class, name)| (name.clone(), class)).collect();
        Self { all, class_of }
    }

    pub(crate) fn all(&self) -> &[String] {
        &self.all
    }

    pub(crate) fn name(&self, class: u32) -> Option<&str> {
        self.all.get(class as usize).map(String::as_str)
    }

    pub(crate) fn knows(&self, name: &str) -> bool {
        self.class_of.contains_key(name)
    }

    /// The class of a name, a new one where it is new.
    pub(crate) fn class(&mut self, name: &str) -> u32 {
        if let Some(class) = self.class_of.get(name) {
            return *class;
        }
        let class = self.all.len() as u32;
        self.all.push(name.to_owned());
        self.class_of.insert(name.to_owned(), class);
        class
    }
}

/// Checks that a text can be a label.
pub(crate) fn check(label: &str) -> Result<(), LearnerError> {
    if !label.is_empty() && label.len() <= MAX_LABEL_BYTES && !label.chars().any(char::is_control) {
        return Ok(());
    }
    let expected = format!("1 to {MAX_LABEL_BYTES} bytes without control characters");
    let found = format!("{label:.32?} of {} bytes", label.len());
    Err(LearnerError::Form { what: "label", expected, found })
}
