//! From a file to a graph: the file's own rules, then each node's fields.
//! What must hold between nodes is `check`'s matter.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::GRAPH;
use crate::check::check;
use crate::graph::{Graph, Loaded};
use crate::hdf5::{Group, Value, read_tree};
use crate::limits::{MAX_EDGES, MAX_FILE_BYTES, MAX_NESTING, MAX_NODES};
use crate::problem::{Problem, Problems};
use crate::repair::Repairs;

mod fields;
mod nodes;

/// Why a file is not a graph that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The path is a directory or something else that is not a file.
    #[error("expected a file, found {found}: {}", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What is there.
        found: &'static str,
    },
    /// There is nothing in it.
    #[error("expected a NIR file, found 0 bytes")]
    Empty,
    /// It is longer than [`MAX_FILE_BYTES`].
    #[error("expected at most {limit} bytes, found {bytes}")]
    TooLarge {
        /// Its length.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// It does not begin as an HDF5 file does.
    #[error("expected an HDF5 file, found one that begins with {found}")]
    NotHdf5 {
        /// Its first bytes.
        found: String,
    },
    /// It begins as an HDF5 file does, but cannot be read as one.
    #[error("expected a sound HDF5 file, found {found}")]
    Hdf5 {
        /// What is wrong with it.
        found: String,
    },
    /// It is an HDF5 file, but its graph cannot be used.
    #[error("{} in the graph{}", count(.0.len()), lines(.0))]
    Problems(
        /// Everything that is wrong, sorted by node.
        Vec<Problem>,
    ),
}

/// Reads a graph from a file, mends what can be mended and checks everything.
///
/// # Errors
///
/// Why the file cannot be used; for a graph, every problem at once.
pub fn read(path: &Path) -> Result<Loaded, ReadError> {
    load(read_file(path)?)
}

/// The bytes of a file that may be a graph's: no more than a graph may have.
///
/// # Errors
///
/// [`ReadError`] where the file cannot be read or is too large.
pub fn bytes_of(path: &Path) -> Result<Vec<u8>, ReadError> {
    read_file(path)
}

/// Reads a graph from the bytes of a file, as [`read`] does.
///
/// # Errors
///
/// As for [`read`].
pub fn from_bytes(bytes: &[u8]) -> Result<Loaded, ReadError> {
    refuse_large(bytes.len() as u64)?;
    load(bytes.to_vec())
}

fn load(bytes: Vec<u8>) -> Result<Loaded, ReadError> {
    refuse_foreign(&bytes)?;
    let tree = read_tree(bytes).map_err(|found| ReadError::Hdf5 { found })?;
    let mut reader = Reader::default();
    let graph = reader.file(&tree);
    let mut found = reader.problems;
    match check(graph, reader.broken, reader.repairs) {
        Ok(loaded) if found.is_empty() => Ok(loaded),
        Ok(_) => Err(ReadError::Problems(found.into_vec())),
        Err(problems) => {
            problems.into_iter().for_each(|problem| found.push(problem));
            Err(ReadError::Problems(found.into_vec()))
        }
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, ReadError> {
    let io = |source| ReadError::Io { path: path.to_owned(), source };
    let about = std::fs::metadata(path).map_err(io)?;
    if !about.is_file() {
        let found = if about.is_dir() { "a directory" } else { "a device or a pipe" };
        return Err(ReadError::NotAFile { path: path.to_owned(), found });
    }
    refuse_large(about.len())?;
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(io)?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}

fn refuse_large(bytes: u64) -> Result<(), ReadError> {
    if bytes > MAX_FILE_BYTES {
        return Err(ReadError::TooLarge { bytes, limit: MAX_FILE_BYTES });
    }
    Ok(())
}

fn refuse_foreign(bytes: &[u8]) -> Result<(), ReadError> {
    const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";
    refuse_large(bytes.len() as u64)?;
    if bytes.is_empty() {
        return Err(ReadError::Empty);
    }
    if !bytes.starts_with(SIGNATURE) {
        let start = bytes.get(..SIGNATURE.len()).unwrap_or(bytes);
        return Err(ReadError::NotHdf5 { found: format!("`{}`", start.escape_ascii()) });
    }
    Ok(())
}

fn count(n: usize) -> String {
    if n == 1 { "1 problem".to_owned() } else { format!("{n} problems") }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("\n  {problem}")).collect()
}

/// A graph in the making, with what was wrong and what was mended so far.
#[derive(Default)]
struct Reader {
    problems: Problems,
    repairs: Repairs,
    /// Nodes that could not be read, by their full names.
    broken: BTreeSet<String>,
    n_nodes: usize,
}

impl Reader {
    fn file(&mut self, tree: &Group) -> Graph {
        let version = self.version(tree);
        let Some(root) = tree.groups.get("node") else {
            self.problems.add(GRAPH, None, "a group `node`", "none");
            return Graph { version, ..Graph::default() };
        };
        let mut graph = match root.text("type") {
            Some("NIRGraph") => self.graph("", root, 0),
            None if root.groups.contains_key("nodes") => self.graph("", root, 0),
            Some(kind) => self.lone_node(kind, root),
            None => {
                self.problems.add(GRAPH, "type", "`NIRGraph`", "none");
                Graph::default()
            }
        };
        graph.version = version;
        graph
    }

    fn version(&mut self, tree: &Group) -> Option<String> {
        let version = tree.text("version").map(str::to_owned);
        if version.is_none() {
            self.repairs.add(GRAPH, "no version", "read as 1.0.8");
        }
        version
    }

    /// A file may hold a single node instead of a graph.
    fn lone_node(&mut self, kind: &str, group: &Group) -> Graph {
        self.repairs.add(GRAPH, format!("a lone {kind}"), "a graph of one node `node`");
        let mut graph = Graph::default();
        if let Some(node) = self.node("node", group, 0) {
            graph.nodes.insert("node".to_owned(), node);
        }
        graph
    }

    /// One graph, nested or not; `path` is empty for the outermost.
    fn graph(&mut self, path: &str, group: &Group, depth: usize) -> Graph {
        let name = if path.is_empty() { GRAPH } else { path };
        let mut graph = Graph::default();
        if depth > MAX_NESTING {
            let expected = format!("graphs at most {MAX_NESTING} deep");
            self.problems.add(name, None, expected, "a deeper one");
            return graph;
        }
        if path.is_empty() && group.text("type").is_none() {
            self.repairs.add(name, "no type", "read as NIRGraph");
        }
        match group.groups.get("nodes") {
            Some(nodes) => self.nodes(path, nodes, depth, &mut graph),
            None => self.problems.add(name, "nodes", "a group", "none"),
        }
        graph.edges = self.edges(name, group);
        graph
    }

    fn nodes(&mut self, path: &str, nodes: &Group, depth: usize, graph: &mut Graph) {
        for (name, group) in &nodes.groups {
            self.n_nodes += 1;
            if self.n_nodes > MAX_NODES {
                let expected = format!("at most {MAX_NODES} nodes");
                self.problems.add(GRAPH, "nodes", expected, "more");
                return;
            }
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match self.node(&path, group, depth) {
                Some(node) => {
                    graph.nodes.insert(name.clone(), node);
                }
                None => {
                    self.broken.insert(path);
                }
            }
        }
        for name in nodes.values.keys() {
            self.repairs.add(name, "a value where nodes are", "passed over");
        }
    }

    fn edges(&mut self, name: &str, group: &Group) -> Vec<(String, String)> {
        const EXPECTED: &str = "pairs of names, of shape n x 2";
        let (shape, values) = match group.values.get("edges") {
            Some(Value::Texts { shape, values }) => (shape, values),
            // numpy stores an empty list as numbers of shape 0.
            Some(value) if value.is_empty() => return Vec::new(),
            Some(value) => {
                self.problems.add(name, "edges", EXPECTED, value.describe());
                return Vec::new();
            }
            None => {
                self.problems.add(name, "edges", EXPECTED, "none");
                return Vec::new();
            }
        };
        if !values.is_empty() && !matches!(shape.as_slice(), [_, 2]) {
            let found = format!("shape {}", crate::tensor::Axes(shape));
            self.problems.add(name, "edges", EXPECTED, found);
            return Vec::new();
        }
        if values.len() / 2 > MAX_EDGES {
            let found = (values.len() / 2).to_string();
            self.problems.add(name, "edges", format!("at most {MAX_EDGES}"), found);
            return Vec::new();
        }
        let pair = |pair: &[String]| match pair {
            [from, to] => Some((from.clone(), to.clone())),
            _ => None,
        };
        values.chunks(2).filter_map(pair).collect()
    }
}
