//! The messages of a profile, and how one is put together.
//!
//! Source: google/pprof, `proto/profile.proto`.

use std::collections::HashMap;

/// A profile.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Profile {
    /// What each value of a sample is.
    #[prost(message, repeated, tag = "1")]
    pub sample_type: Vec<ValueType>,
    /// The samples.
    #[prost(message, repeated, tag = "2")]
    pub sample: Vec<Sample>,
    /// The files that addresses lie in.
    #[prost(message, repeated, tag = "3")]
    pub mapping: Vec<Mapping>,
    /// The places that stacks are made of.
    #[prost(message, repeated, tag = "4")]
    pub location: Vec<Location>,
    /// The functions that places lie in.
    #[prost(message, repeated, tag = "5")]
    pub function: Vec<Function>,
    /// All strings; the first is empty. Others name them by their place.
    #[prost(string, repeated, tag = "6")]
    pub string_table: Vec<String>,
    /// When it was taken (nanoseconds since 1970, UTC).
    #[prost(int64, tag = "9")]
    pub time_nanos: i64,
    /// How long it took (nanoseconds).
    #[prost(int64, tag = "10")]
    pub duration_nanos: i64,
    /// What is between two samples.
    #[prost(message, optional, tag = "11")]
    pub period_type: Option<ValueType>,
    /// How much of it is between two samples.
    #[prost(int64, tag = "12")]
    pub period: i64,
}

/// What a value is.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct ValueType {
    /// Its name, as a place in the strings.
    #[prost(int64, tag = "1")]
    pub r#type: i64,
    /// Its unit, as a place in the strings.
    #[prost(int64, tag = "2")]
    pub unit: i64,
}

/// A stack and how much it weighs.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Sample {
    /// The innermost place first.
    #[prost(uint64, repeated, tag = "1")]
    pub location_id: Vec<u64>,
    /// One for each kind of value.
    #[prost(int64, repeated, tag = "2")]
    pub value: Vec<i64>,
    /// More about it, such as its thread.
    #[prost(message, repeated, tag = "3")]
    pub label: Vec<Label>,
}

/// More about a sample.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Label {
    /// What, as a place in the strings.
    #[prost(int64, tag = "1")]
    pub key: i64,
    /// The text, as a place in the strings.
    #[prost(int64, tag = "2")]
    pub str: i64,
}

/// A file that addresses lie in.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Mapping {
    /// From 1.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// The first address.
    #[prost(uint64, tag = "2")]
    pub memory_start: u64,
    /// The address after the last.
    #[prost(uint64, tag = "3")]
    pub memory_limit: u64,
    /// Where in the file the first address lies.
    #[prost(uint64, tag = "4")]
    pub file_offset: u64,
    /// The file, as a place in the strings.
    #[prost(int64, tag = "5")]
    pub filename: i64,
    /// Which build of it, as a place in the strings.
    #[prost(int64, tag = "6")]
    pub build_id: i64,
}

/// A place on a stack.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Location {
    /// From 1.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// The file that its address lies in.
    #[prost(uint64, tag = "2")]
    pub mapping_id: u64,
    /// Its address, or 0.
    #[prost(uint64, tag = "3")]
    pub address: u64,
    /// Its functions: the last called the others, which were inlined.
    #[prost(message, repeated, tag = "4")]
    pub line: Vec<Line>,
}

/// A line of a function.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Line {
    /// The function.
    #[prost(uint64, tag = "1")]
    pub function_id: u64,
    /// The line, or 0.
    #[prost(int64, tag = "2")]
    pub line: i64,
}

/// A function.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Function {
    /// From 1.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// Its name, as a place in the strings.
    #[prost(int64, tag = "2")]
    pub name: i64,
    /// Its name as the linker has it, as a place in the strings.
    #[prost(int64, tag = "3")]
    pub system_name: i64,
    /// Its file, as a place in the strings.
    #[prost(int64, tag = "4")]
    pub filename: i64,
}

/// Puts a profile together; each string, function and place is there once.
pub(crate) struct Writer {
    profile: Profile,
    strings: HashMap<String, i64>,
    functions: HashMap<(i64, i64), u64>,
    locations: HashMap<(u64, i64), u64>,
}

impl Writer {
    /// Of samples that have these kinds of value, each with its unit.
    pub(crate) fn new(kinds: &[(&str, &str)]) -> Self {
        let mut writer = Self {
            profile: Profile::default(),
            strings: HashMap::new(),
            functions: HashMap::new(),
            locations: HashMap::new(),
        };
        writer.string("");
        writer.profile.sample_type = kinds
            .iter()
            .map(|(name, unit)| ValueType {
                r#type: writer.string(name),
                unit: writer.string(unit),
            })
            .collect();
        writer.profile.period_type = writer.profile.sample_type.last().copied();
        writer
    }

    /// What is between two samples, when the first was taken and how long it all took.
    pub(crate) fn times(&mut self, period: i64, time_nanos: i64, duration_nanos: i64) {
        self.profile.period = period;
        self.profile.time_nanos = time_nanos;
        self.profile.duration_nanos = duration_nanos;
    }

    pub(crate) fn location(&mut self, function: &str, file: &str, line: u32) -> u64 {
        let function_id = self.function(function, file);
        let line = i64::from(line);
        let locations = &mut self.profile.location;
        *self.locations.entry((function_id, line)).or_insert_with(|| {
            let id = locations.len() as u64 + 1;
            let line = vec![Line { function_id, line }];
            locations.push(Location { id, line, ..Location::default() });
            id
        })
    }

    /// The innermost place first.
    pub(crate) fn sample(&mut self, location_id: Vec<u64>, value: Vec<i64>, thread: &str) {
        let label = vec![Label { key: self.string("thread"), str: self.string(thread) }];
        self.profile.sample.push(Sample { location_id, value, label });
    }

    pub(crate) fn finish(self) -> Profile {
        self.profile
    }

    fn function(&mut self, name: &str, file: &str) -> u64 {
        let (name, filename) = (self.string(name), self.string(file));
        let functions = &mut self.profile.function;
        *self.functions.entry((name, filename)).or_insert_with(|| {
            let id = functions.len() as u64 + 1;
            functions.push(Function { id, name, system_name: name, filename });
            id
        })
    }

    fn string(&mut self, text: &str) -> i64 {
        if let Some(idx) = self.strings.get(text) {
            return *idx;
        }
        let idx = self.profile.string_table.len() as i64;
        self.profile.string_table.push(text.to_owned());
        self.strings.insert(text.to_owned(), idx);
        idx
    }
}
