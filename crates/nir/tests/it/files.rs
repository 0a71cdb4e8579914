//! Real files.
use std::path::Path;

#[test]
fn first() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/nir");
    for dir in [dir.clone(), dir.join("paper")] {
        let Ok(list) = std::fs::read_dir(dir) else { continue };
        for entry in list {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "nir") {
                match nir::read(&path) {
                    Ok(loaded) => {
                        println!("== {}", path.display());
                        for (name, shape) in loaded.graph.shapes() {
                            println!("  {name}: {:?} -> {:?}", shape.input, shape.output);
                        }
                        for repair in &loaded.repairs {
                            println!("  R {repair}");
                        }
                    }
                    Err(error) => println!("== {} {error}", path.display()),
                }
            }
        }
    }
}
