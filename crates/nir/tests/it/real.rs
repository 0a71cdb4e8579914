//! Files that frameworks wrote, and what is made of each.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};
use nir::Loaded;

/// Files that the frameworks' exporters wrote, in the repository.
pub(crate) fn exported() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/nir")
}

/// Files published with the NIR paper, beside the repository where they are at hand.
pub(crate) fn paper() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/nir/paper")
}

/// All real files at hand, sorted by path.
pub(crate) fn files() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for folder in [exported(), paper()] {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            eprintln!("SKIPPED: no NIR files in {}", folder.display());
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "nir") {
                let name = path.file_stem().unwrap().to_string_lossy().into_owned();
                files.push((name, std::fs::read(path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

fn load(path: &Path) -> Option<Loaded> {
    if !path.exists() {
        eprintln!("SKIPPED: {} is not at hand", path.display());
        return None;
    }
    Some(nir::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn describe(loaded: &Loaded) -> String {
    let graph = &loaded.graph;
    let mut text = format!("version {}\n", graph.version.as_deref().unwrap_or("none"));
    let shapes = graph.shapes();
    for name in graph.order() {
        let (kind, shape) = (graph.nodes[name].kind(), &shapes[name]);
        let after: Vec<&str> = graph.successors(name).collect();
        writeln!(text, "{name} {kind} {:?} {:?} -> {}", shape.input, shape.output, after.join(" "))
            .unwrap();
    }
    for repair in &loaded.repairs {
        writeln!(text, "{repair}").unwrap();
    }
    text
}

#[track_caller]
#[allow(clippy::needless_pass_by_value)]
fn check(folder: PathBuf, name: &str, expected: Expect) {
    if let Some(loaded) = load(&folder.join(name).with_extension("nir")) {
        expected.assert_eq(&describe(&loaded));
    }
}

#[test]
fn norse_conv_nmnist() {
    check(
        exported(),
        "norse_conv_nmnist",
        expect![[r#"
        version 1.0.8
        input Input [2, 34, 34] [2, 34, 34] -> 0
        0 Conv2d [2, 34, 34] [16, 16, 16] -> 1
        1 IF [16, 16, 16] [16, 16, 16] -> 2
        2 Conv2d [16, 16, 16] [16, 8, 8] -> 3
        3 IF [16, 8, 8] [16, 8, 8] -> 4
        4 Conv2d [16, 8, 8] [8, 4, 4] -> 5
        5 LIF [8, 4, 4] [8, 4, 4] -> output
        output Output [8, 4, 4] [8, 4, 4] -> 
    "#]],
    );
}

#[test]
fn norse_ff784_iaf() {
    check(
        exported(),
        "norse_ff784_iaf",
        expect![[r#"
        version 1.0.8
        input Input [784] [784] -> 0
        0 Affine [784] [64] -> 1
        1 IF [64] [64] -> 2
        2 Affine [64] [10] -> 3
        3 IF [10] [10] -> output
        output Output [10] [10] -> 
    "#]],
    );
}

#[test]
fn norse_ff784_lifbox_value() {
    check(
        exported(),
        "norse_ff784_lifbox_value",
        expect![[r#"
        version 1.0.8
        input Input [784] [784] -> 0
        0 Affine [784] [256] -> 1
        1 LIF [256] [256] -> 2
        2 Affine [256] [10] -> 3
        3 LIF [10] [10] -> output
        output Output [10] [10] -> 
    "#]],
    );
}

#[test]
fn norse_ff784_lifcell_cuba() {
    check(
        exported(),
        "norse_ff784_lifcell_cuba",
        expect![[r#"
        version 1.0.8
        input Input [784] [784] -> 0
        0 Affine [784] [64] -> 1
        1 CubaLIF [64] [64] -> 2
        2 Affine [64] [10] -> 3
        3 CubaLIF [10] [10] -> output
        output Output [10] [10] -> 
    "#]],
    );
}

#[test]
fn rockpool_ff784_lif() {
    check(
        exported(),
        "rockpool_ff784_lif",
        expect![[r#"
        version 1.0.8
        input Input [784] [784] -> 0_LinearTorch
        0_LinearTorch Linear [784] [64] -> 1_LIFNeuronTorch
        1_LIFNeuronTorch LIF [64] [64] -> 2_LinearTorch
        2_LinearTorch Linear [64] [10] -> 3_LIFNeuronTorch
        3_LIFNeuronTorch LIF [10] [10] -> output
        output Output [10] [10] -> 
        `input`: a batch axis in shape 1 x 784; taken as 784
        `output`: a batch axis in shape 1 x 1 x 10; taken as 10
    "#]],
    );
}

#[test]
fn sinabs2_conv_nmnist_sumpool() {
    check(
        exported(),
        "sinabs2_conv_nmnist_sumpool",
        expect![[r#"
        version 1.0.8
        input Input [2, 34, 34] [2, 34, 34] -> 0
        0 Conv2d [2, 34, 34] [16, 16, 16] -> 1
        1 IF [16, 16, 16] [16, 16, 16] -> 2
        2 Conv2d [16, 16, 16] [16, 16, 16] -> 3
        3 IF [16, 16, 16] [16, 16, 16] -> 4
        4 SumPool2d [16, 16, 16] [16, 8, 8] -> 5
        5 Conv2d [16, 8, 8] [8, 8, 8] -> 6
        6 IF [8, 8, 8] [8, 8, 8] -> 7
        7 SumPool2d [8, 8, 8] [8, 4, 4] -> 8
        8 Flatten [8, 4, 4] [128] -> 9
        9 Affine [128] [256] -> 10
        10 IF [256] [256] -> 11
        11 Affine [256] [10] -> 12
        12 IF [10] [10] -> output
        output Output [10] [10] -> 
    "#]],
    );
}

#[test]
fn sinabs3_ff784_iaf_multispike() {
    check(
        exported(),
        "sinabs3_ff784_iaf_multispike",
        expect![[r#"
        version 1.0.4
        input Input [784] [784] -> 0
        0 Affine [784] [256] -> 1
        1 IF [256] [256] -> 2
        2 Affine [256] [10] -> 3
        3 IF [10] [10] -> output
        output Output [10] [10] -> 
        `1`: no v_reset; taken as 0
        `3`: no v_reset; taken as 0
    "#]],
    );
}

#[test]
fn snntorch_conv_nmnist() {
    check(
        exported(),
        "snntorch_conv_nmnist",
        expect![[r#"
        version 1.0.8
        input Input [2, 34, 34] [2, 34, 34] -> 0
        0 Conv2d [2, 34, 34] [16, 16, 16] -> 1
        1 LIF [16, 16, 16] [16, 16, 16] -> 2
        2 Conv2d [16, 16, 16] [16, 16, 16] -> 3
        3 LIF [16, 16, 16] [16, 16, 16] -> 4
        4 AvgPool2d [16, 16, 16] [16, 8, 8] -> 5
        5 Conv2d [16, 8, 8] [8, 8, 8] -> 6
        6 LIF [8, 8, 8] [8, 8, 8] -> 7
        7 AvgPool2d [8, 8, 8] [8, 4, 4] -> 8
        8 Flatten [8, 4, 4] [128] -> 9
        9 Linear [128] [256] -> 10
        10 LIF [256] [256] -> 11
        11 Linear [256] [10] -> 12
        12 LIF [10] [10] -> output
        output Output [10] [10] -> 
        `4`: one kernel_size, 2; taken for all 2 axes
        `4`: one stride, 2; taken for all 2 axes
        `7`: one kernel_size, 2; taken for all 2 axes
        `7`: one stride, 2; taken for all 2 axes
    "#]],
    );
}

#[test]
fn snntorch_ff784_sub_delay() {
    check(
        exported(),
        "snntorch_ff784_sub_delay",
        expect![[r#"
        version 1.0.8
        input Input [784] [784] -> 0
        0 Linear [784] [1000] -> 1
        1 LIF [1000] [1000] -> 2
        2 Linear [1000] [10] -> 3
        3 LIF [10] [10] -> output
        output Output [10] [10] -> 
    "#]],
    );
}

#[test]
fn snntorch_shd700_zero_nodelay() {
    check(
        exported(),
        "snntorch_shd700_zero_nodelay",
        expect![[r#"
        version 1.0.8
        input Input [700] [700] -> 0
        0 Linear [700] [256] -> 1.lif
        1.lif LIF [256] [256] -> 1.w_rec 2
        2 Linear [256] [20] -> 3
        3 LIF [20] [20] -> output
        output Output [20] [20] -> 
        1.w_rec Affine [256] [256] -> 1.lif
    "#]],
    );
}

#[test]
fn snntorch_srnn12_zero_nodelay() {
    check(
        exported(),
        "snntorch_srnn12_zero_nodelay",
        expect![[r#"
        version 1.0.8
        input Input [12] [12] -> 0
        0 Linear [12] [38] -> 1.lif
        1.lif CubaLIF [38] [38] -> 1.w_rec 2
        2 Linear [38] [7] -> 3
        3 CubaLIF [7] [7] -> output
        output Output [7] [7] -> 
        1.w_rec Affine [38] [38] -> 1.lif
    "#]],
    );
}

#[test]
fn spikingjelly_conv_nmnist() {
    check(
        exported(),
        "spikingjelly_conv_nmnist",
        expect![[r#"
        version 1.0.8
        input_1 Input [2, 34, 34] [2, 34, 34] -> _0
        _0 Conv2d [2, 34, 34] [16, 16, 16] -> _1
        _1 IF [16, 16, 16] [16, 16, 16] -> _2
        _2 Conv2d [16, 16, 16] [16, 16, 16] -> _3
        _3 IF [16, 16, 16] [16, 16, 16] -> _4
        _4 AvgPool2d [16, 16, 16] [16, 8, 8] -> _5
        _5 Conv2d [16, 8, 8] [8, 8, 8] -> _6
        _6 IF [8, 8, 8] [8, 8, 8] -> _7
        _7 AvgPool2d [8, 8, 8] [8, 4, 4] -> _8
        _8 Flatten [8, 4, 4] [128] -> _9
        _9 Linear [128] [256] -> _10
        _10 IF [256] [256] -> _11
        _11 Linear [256] [10] -> _12
        _12 IF [10] [10] -> output
        output Output [10] [10] -> 
        `_4`: one kernel_size, 2; taken for all 2 axes
        `_4`: one padding, 0; taken for all 2 axes
        `_4`: one stride, 2; taken for all 2 axes
        `_7`: one kernel_size, 2; taken for all 2 axes
        `_7`: one padding, 0; taken for all 2 axes
        `_7`: one stride, 2; taken for all 2 axes
    "#]],
    );
}

#[test]
fn spikingjelly_ff784_if() {
    check(
        exported(),
        "spikingjelly_ff784_if",
        expect![[r#"
        version 1.0.8
        input_1 Input [784] [784] -> _0
        _0 Affine [784] [64] -> _1
        _1 IF [64] [64] -> _2
        _2 Affine [64] [10] -> _3
        _3 IF [10] [10] -> output
        output Output [10] [10] -> 
    "#]],
    );
}

#[test]
fn spikingjelly_ff784_lif() {
    check(
        exported(),
        "spikingjelly_ff784_lif",
        expect![[r#"
        version 1.0.8
        input_1 Input [784] [784] -> _0
        _0 Linear [784] [1000] -> _1
        _1 LIF [1000] [1000] -> _2
        _2 Linear [1000] [10] -> _3
        _3 LIF [10] [10] -> output
        output Output [10] [10] -> 
    "#]],
    );
}

#[test]
fn spikingjelly_probe_ge() {
    check(
        exported(),
        "spikingjelly_probe_ge",
        expect![[r#"
        version 1.0.8
        input_1 Input [784] [784] -> _0
        _0 Linear [784] [32] -> _1
        _1 IF [32] [32] -> _2
        _2 Linear [32] [32] -> _3
        _3 IF [32] [32] -> output
        output Output [32] [32] -> 
    "#]],
    );
}

#[test]
fn paper_braille_no_delay_bias_zero() {
    check(
        paper(),
        "braille_noDelay_bias_zero",
        expect![[r#"
        version 0.2.0
        input Input [12] [12] -> fc1
        fc1 Affine [12] [38] -> lif1.lif
        lif1.lif CubaLIF [38] [38] -> fc2 lif1.w_rec
        lif1.w_rec Affine [38] [38] -> lif1.lif
        fc2 Affine [38] [7] -> lif2
        lif2 CubaLIF [7] [7] -> output
        output Output [7] [7] -> 
        `lif1.lif`: no v_reset; taken as 0
        `lif2`: no v_reset; taken as 0
    "#]],
    );
}

#[test]
fn paper_braille_no_delay_bias_zero_subgraph() {
    check(
        paper(),
        "braille_noDelay_bias_zero_subgraph",
        expect![[r#"
        version 0.2.0
        input Input [12] [12] -> fc1
        fc1 Affine [12] [38] -> lif1.lif1
        lif1.lif1 CubaLIF [38] [38] -> fc2 lif1.lin
        lif1.lin Affine [38] [38] -> lif1.lif1
        fc2 Affine [38] [7] -> lif2
        lif2 CubaLIF [7] [7] -> output
        output Output [7] [7] -> 
        `lif1.lif1`: edges of `lif`, which is not there; taken as its own, which it lacks
        `lif1.lif1`: no v_reset; taken as 0
        `lif2`: no v_reset; taken as 0
    "#]],
    );
}

#[test]
fn paper_braille_no_delay_no_bias_subtract() {
    check(
        paper(),
        "braille_noDelay_noBias_subtract",
        expect![[r#"
        version 0.2.0
        input Input [12] [12] -> fc1
        fc1 Linear [12] [40] -> lif1.lif
        lif1.lif CubaLIF [40] [40] -> fc2 lif1.w_rec
        lif1.w_rec Linear [40] [40] -> lif1.lif
        fc2 Linear [40] [7] -> lif2
        lif2 CubaLIF [7] [7] -> output
        output Output [7] [7] -> 
        `lif1.lif`: no v_reset; taken as 0
        `lif2`: no v_reset; taken as 0
    "#]],
    );
}

#[test]
fn paper_braille_no_delay_no_bias_subtract_subgraph() {
    check(
        paper(),
        "braille_noDelay_noBias_subtract_subgraph",
        expect![[r#"
        version 0.2.0
        input Input [12] [12] -> fc1
        fc1 Linear [12] [40] -> lif1.lif1
        lif1.lif1 CubaLIF [40] [40] -> fc2 lif1.lin
        lif1.lin Linear [40] [40] -> lif1.lif1
        fc2 Linear [40] [7] -> lif2
        lif2 CubaLIF [7] [7] -> output
        output Output [7] [7] -> 
        `lif1.lif1`: edges of `lif`, which is not there; taken as its own, which it lacks
        `lif1.lif1`: no v_reset; taken as 0
        `lif2`: no v_reset; taken as 0
    "#]],
    );
}

#[test]
fn paper_cnn_sinabs() {
    check(
        paper(),
        "cnn_sinabs",
        expect![[r#"
        version 0.2.0
        input Input [2, 34, 34] [2, 34, 34] -> 0
        0 Conv2d [2, 34, 34] [16, 16, 16] -> 1
        1 IF [16, 16, 16] [16, 16, 16] -> 2
        2 Conv2d [16, 16, 16] [16, 16, 16] -> 3
        3 IF [16, 16, 16] [16, 16, 16] -> 4
        4 SumPool2d [16, 16, 16] [16, 8, 8] -> 5
        5 Conv2d [16, 8, 8] [8, 8, 8] -> 6
        6 IF [8, 8, 8] [8, 8, 8] -> 7
        7 SumPool2d [8, 8, 8] [8, 4, 4] -> 8
        8 Flatten [8, 4, 4] [128] -> 9
        9 Affine [128] [256] -> 10
        10 IF [256] [256] -> 11
        11 Affine [256] [10] -> 12
        12 IF [10] [10] -> output
        output Output [10] [10] -> 
        `1`: no v_reset; taken as 0
        `10`: no v_reset; taken as 0
        `12`: no v_reset; taken as 0
        `3`: no v_reset; taken as 0
        `6`: no v_reset; taken as 0
    "#]],
    );
}

#[test]
fn paper_lif_norse() {
    check(
        paper(),
        "lif_norse",
        expect![[r#"
        version 0.1.1
        input Input [1] [1] -> 0
        0 Affine [1] [1] -> 1
        1 LIF [1] [1] -> output
        output Output [1] [1] -> 
        `1`: no v_reset; taken as 0
    "#]],
    );
}

#[test]
fn paper_lif_rockpool() {
    check(
        paper(),
        "lif_rockpool",
        expect![[r#"
        version 0.2.0
        input Input [1] [1] -> 0_LinearTorch
        0_LinearTorch Linear [1] [1] -> 1_LIFNeuronTorch
        1_LIFNeuronTorch LIF [1] [1] -> output
        output Output [1] [1] -> 
        `1_LIFNeuronTorch`: no v_reset; taken as 0
        `output`: a batch axis in shape 1 x 1 x 1; taken as 1
    "#]],
    );
}

#[test]
fn paper_two_lif_neurons() {
    check(
        paper(),
        "two_lif_neurons",
        expect![[r#"
        version 0.2.0
        in Input [1] [1] -> linear1
        linear1 Linear [1] [1] -> lif1
        lif1 LIF [1] [1] -> linear2
        linear2 Linear [1] [1] -> lif2
        lif2 LIF [1] [1] -> out
        out Output [1] [1] -> 
        `lif1`: no v_reset; taken as 0
        `lif2`: no v_reset; taken as 0
    "#]],
    );
}

#[test]
fn nested_and_flat_files_of_one_network_are_one_graph() {
    for name in ["braille_noDelay_bias_zero", "braille_noDelay_noBias_subtract"] {
        let (flat, nested) = (format!("{name}.nir"), format!("{name}_subgraph.nir"));
        let (Some(flat), Some(nested)) = (load(&paper().join(flat)), load(&paper().join(nested)))
        else {
            return;
        };
        let renamed = |name: &str| match name {
            "lif1.lif1" => "lif1.lif".to_owned(),
            "lif1.lin" => "lif1.w_rec".to_owned(),
            name => name.to_owned(),
        };
        let mut edges: Vec<(String, String)> =
            nested.graph.edges.iter().map(|(a, b)| (renamed(a), renamed(b))).collect();
        edges.sort();
        assert_eq!(edges, flat.graph.edges);
        let nodes = nested.graph.nodes.iter().map(|(name, node)| (renamed(name), node.kind()));
        let expected = flat.graph.nodes.iter().map(|(name, node)| (name.clone(), node.kind()));
        assert!(nodes.eq(expected));
    }
}
