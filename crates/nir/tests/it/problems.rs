//! Every way in which a file can be wrong, and what is said about it.

use expect_test::{Expect, expect};

use crate::document::{
    Document, Value, check, f32s, f64s, int, ints, list, ones, outcome, text, zeros,
};

#[track_caller]
#[allow(clippy::needless_pass_by_value)]
fn check_bytes(bytes: &[u8], expected: Expect) {
    expected.assert_eq(&outcome(bytes));
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let shown = |path: &std::path::Path| {
        let error = nir::read(path).unwrap_err().to_string();
        error.replace(&path.display().to_string(), "PATH")
    };
    expect!["expected a file, found a directory: PATH"].assert_eq(&shown(folder.path()));
    expect!["cannot read PATH: No such file or directory (os error 2)"]
        .assert_eq(&shown(&folder.path().join("missing.nir")));
}

#[test]
fn what_is_no_hdf5_is_refused() {
    check_bytes(b"", expect!["expected a NIR file, found 0 bytes"]);
    check_bytes(
        b"\x93NUMPY",
        expect![[r#"expected an HDF5 file, found one that begins with `\x93NUMPY`"#]],
    );
    check_bytes(
        b"\x89HDF\r\n\x1a\n",
        expect![
            "expected a sound HDF5 file, found HDF5 format error: unexpected EOF: need 9 bytes, have 8"
        ],
    );
    let bytes = Document::small().bytes();
    check_bytes(
        &bytes[..bytes.len() / 2],
        expect![[r#"
        4 problems in the graph
          `fc`, type: expected the name of a NIR primitive, found none
          `input`, type: expected the name of a NIR primitive, found none
          `lif`, type: expected the name of a NIR primitive, found none
          `output`, type: expected the name of a NIR primitive, found none"#]],
    );
}

#[test]
fn a_file_without_a_graph_is_refused() {
    check(
        Document::default().set("version", text("1.0.8")),
        expect![[r#"
        3 problems in the graph
          `graph`: expected a group `node`, found none
          `graph`: expected an Input, or a single source, found no Input and no source to put one at
          `graph`: expected an Output, or a single sink, found no Output and no sink to put one at"#]],
    );
    check(
        Document::default().set("node/type", int(3)),
        expect![[r#"
        3 problems in the graph
          `graph`: expected an Input, or a single source, found no Input and no source to put one at
          `graph`: expected an Output, or a single sink, found no Output and no sink to put one at
          `graph`, type: expected `NIRGraph`, found none"#]],
    );
    check(
        Document::empty(),
        expect![[r#"
        3 problems in the graph
          `graph`: expected an Input, or a single source, found no Input and no source to put one at
          `graph`: expected an Output, or a single sink, found no Output and no sink to put one at
          `graph`, nodes: expected a group, found none"#]],
    );
}

#[test]
fn an_unknown_primitive_is_named() {
    check(
        Document::small().set("node/nodes/lif/type", text("Izhikevich")),
        expect![[r#"
        1 problem in the graph
          `lif`, type: expected a primitive of NIR 1.0.8, found `Izhikevich`"#]],
    );
    check(
        Document::small().remove("node/nodes/lif/type"),
        expect![[r#"
        1 problem in the graph
          `lif`, type: expected the name of a NIR primitive, found none"#]],
    );
}

#[test]
fn a_missing_field_is_named() {
    check(
        Document::small().remove("node/nodes/lif/tau"),
        expect![[r#"
        1 problem in the graph
          `lif`, tau: expected numbers, found none"#]],
    );
    check(
        Document::small().remove("node/nodes/fc/bias"),
        expect![[r#"
        1 problem in the graph
          `fc`, bias: expected numbers, found none"#]],
    );
    check(
        Document::small().remove("node/nodes/input/shape"),
        expect![[r#"
        1 problem in the graph
          `input`, shape: expected a shape, found none"#]],
    );
    check(
        Document::small().remove("node/edges"),
        expect![[r#"
        2 problems in the graph
          `graph`, edges: expected pairs of names, of shape n x 2, found none
          `output`: expected an edge into an Output, found none at all"#]],
    );
    check(
        Document::small().remove("node/nodes"),
        expect![[r#"
        6 problems in the graph
          `graph`: expected an Input, or a single source, found no Input and no source to put one at
          `graph`: expected an Output, or a single sink, found no Output and no sink to put one at
          `graph`, edges: expected nodes at both ends of `fc` -> `lif`, found no node `fc`
          `graph`, edges: expected nodes at both ends of `input` -> `fc`, found no node `input`
          `graph`, edges: expected nodes at both ends of `lif` -> `output`, found no node `lif`
          `graph`, nodes: expected a group, found none"#]],
    );
}

#[test]
fn a_field_of_another_kind_is_named() {
    check(
        Document::small().set("node/nodes/lif/tau", text("fast")),
        expect![[r#"
        1 problem in the graph
          `lif`, tau: expected numbers, found the text `fast`"#]],
    );
    check(
        Document::small().set("node/nodes/input/shape", f32s(&[1], &[2.5])),
        expect![[r#"
        1 problem in the graph
          `input`, shape: expected a shape of positive integers, found numbers of shape 1"#]],
    );
    check(
        Document::small().set("node/edges", ones(&[3, 2])),
        expect![[r#"
        2 problems in the graph
          `graph`, edges: expected pairs of names, of shape n x 2, found numbers of shape 3 x 2
          `output`: expected an edge into an Output, found none at all"#]],
    );
    let six = ["input", "fc", "fc", "lif", "lif", "output"].map(str::to_owned).to_vec();
    check(
        Document::small().set("node/edges", Value::Text(vec![6], six)),
        expect![[r#"
        2 problems in the graph
          `graph`, edges: expected pairs of names, of shape n x 2, found shape 6
          `output`: expected an edge into an Output, found none at all"#]],
    );
}

#[test]
fn all_problems_are_listed_at_once() {
    let document = Document::small()
        .set("node/nodes/lif/tau", f32s(&[2], &[0.0, 1.0]))
        .set("node/nodes/lif/v_leak", f32s(&[2], &[f32::NAN, f32::INFINITY]))
        .set("node/nodes/fc/weight", ones(&[2, 4]))
        .set("node/nodes/output/shape", list(&[5]))
        .node("odd", "Sigmoid", &[])
        .edges("node", &[("input", "fc"), ("fc", "lif"), ("lif", "output"), ("lif", "ghost")]);
    check(
        document,
        expect![[r#"
        6 problems in the graph
          `fc`: expected an input of shape 4, found 3 from `input`
          `graph`, edges: expected nodes at both ends of `lif` -> `ghost`, found no node `ghost`
          `lif`, tau: expected finite seconds above 0, found 1 of 2 other, the first 0 at [0]
          `lif`, v_leak: expected finite numbers, found 2 of 2 other, the first NaN at [0]
          `odd`, type: expected a primitive of NIR 1.0.8, found `Sigmoid`
          `output`: expected an input of shape 5, found 2 from `lif`"#]],
    );
}

#[test]
fn shapes_that_do_not_meet_are_named() {
    check(
        Document::small().input(&[4]),
        expect![[r#"
        1 problem in the graph
          `fc`: expected an input of shape 3, found 4 from `input`"#]],
    );
    check(
        Document::small().lif("lif", &[7]),
        expect![[r#"
        2 problems in the graph
          `lif`: expected an input of shape 7, found 2 from `fc`
          `output`: expected an input of shape 2, found 7 from `lif`"#]],
    );
    check(
        Document::small().output(&[9]),
        expect![[r#"
        1 problem in the graph
          `output`: expected an input of shape 9, found 2 from `lif`"#]],
    );
    check(
        Document::small().set("node/nodes/lif/tau", ones(&[3])),
        expect![[r#"
        1 problem in the graph
          `lif`: expected parameters of one shape, found tau 3, r 2, v_leak 2, v_threshold 2, v_reset 2"#]],
    );
    check(
        Document::small().set("node/nodes/fc/bias", ones(&[3])),
        expect![[r#"
        1 problem in the graph
          `fc`, bias: expected shape 2, found 3"#]],
    );
    check(
        Document::small().set("node/nodes/fc/weight", ones(&[2, 3, 1])),
        expect![[r#"
        1 problem in the graph
          `fc`, weight: expected 2 axes (outputs, inputs), found 2 x 3 x 1"#]],
    );
}

#[test]
fn numbers_that_are_none_are_counted_and_placed() {
    let weight = f32s(&[2, 3], &[1.0, 1.0, 1.0, f32::NAN, 1.0, f32::NEG_INFINITY]);
    check(
        Document::small().set("node/nodes/fc/weight", weight),
        expect![[r#"
        1 problem in the graph
          `fc`, weight: expected finite numbers, found 2 of 6 other, the first NaN at [1, 0]"#]],
    );
    // Beyond single precision.
    check(
        Document::small().set("node/nodes/fc/bias", f64s(&[2], &[0.0, 1e300])),
        expect![[r#"
        1 problem in the graph
          `fc`, bias: expected finite numbers, found 1 of 2 other, the first 1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000 at [1]"#]],
    );
}

#[test]
fn times_are_above_zero() {
    check(
        Document::small().set("node/nodes/lif/tau", f32s(&[], &[0.0])),
        expect![[r#"
        1 problem in the graph
          `lif`, tau: expected finite seconds above 0, found 1 of 1 other, the first 0"#]],
    );
    check(
        Document::small().set("node/nodes/lif/tau", f32s(&[2], &[1.0, -1.0])),
        expect![[r#"
        1 problem in the graph
          `lif`, tau: expected finite seconds above 0, found 1 of 2 other, the first -1 at [1]"#]],
    );
    let delay = [("delay", f32s(&[2], &[0.001, -0.001]))];
    let document = Document::small()
        .node("wait", "Delay", &delay)
        .chain(&["input", "fc", "wait", "lif", "output"]);
    check(
        document,
        expect![[r#"
        1 problem in the graph
          `wait`, delay: expected finite seconds, at least 0, found 1 of 2 other, the first -0.0010000000474974513 at [1]"#]],
    );
}

#[test]
fn edges_join_nodes_that_exist() {
    let edges =
        [("input", "fc"), ("fc", "lif"), ("lif", "output"), ("nobody", "lif"), ("lif", "nowhere")];
    check(
        Document::small().edges("node", &edges),
        expect![[r#"
        2 problems in the graph
          `graph`, edges: expected nodes at both ends of `lif` -> `nowhere`, found no node `nowhere`
          `graph`, edges: expected nodes at both ends of `nobody` -> `lif`, found no node `nobody`"#]],
    );
    let edges = [("input", "fc"), ("fc", "lif"), ("lif", "output"), ("lif", "input")];
    check(
        Document::small().edges("node", &edges),
        expect![[r#"
        2 problems in the graph
          `input`: expected an input of shape 3, found 2 from `lif`
          `input`: expected no edge into an Input, found one from `lif`"#]],
    );
    let edges = [("input", "fc"), ("fc", "lif"), ("lif", "output"), ("output", "lif")];
    check(
        Document::small().edges("node", &edges),
        expect![[r#"
        1 problem in the graph
          `output`: expected no edge out of an Output, found one to `lif`"#]],
    );
}

#[test]
fn ports_are_added_only_where_it_is_clear_where() {
    let document = Document::small()
        .remove("node/nodes/input")
        .lif("other", &[2])
        .edges("node", &[("fc", "lif"), ("other", "lif"), ("lif", "output")]);
    check(
        document,
        expect![[r#"
        1 problem in the graph
          `graph`: expected an Input, or a single source, found no Input and 2 sources: fc, other"#]],
    );
    let document = Document::small()
        .remove("node/nodes/output")
        .edges("node", &[("input", "fc"), ("fc", "lif"), ("lif", "fc")]);
    check(
        document,
        expect![[r#"
        2 problems in the graph
          `fc`: expected an input of shape 3, found 2 from `lif`
          `graph`: expected an Output, or a single sink, found no Output and no sink to put one at"#]],
    );
}

#[test]
fn sizes_are_sane() {
    check(
        Document::small().input(&[0]),
        expect![[r#"
        1 problem in the graph
          `input`, shape: expected a shape of positive integers, found [0]"#]],
    );
    check(
        Document::small().input(&[-1]),
        expect![[r#"
        1 problem in the graph
          `input`, shape: expected a shape of positive integers, found [-1]"#]],
    );
    check(
        Document::small().input(&[1 << 40]),
        expect![[r#"
        1 problem in the graph
          `input`, shape: expected a shape of positive integers, found [1099511627776]"#]],
    );
    check(
        Document::small().input(&[1; 9]),
        expect![[r#"
        1 problem in the graph
          `input`, shape: expected a shape of positive integers, found [1, 1, 1, 1, 1, 1, 1, 1, 1]"#]],
    );
    check(
        Document::small().set("node/nodes/fc/weight", zeros(&[0, 3])),
        expect![[r#"
        1 problem in the graph
          `fc`, weight: expected numbers, found numbers of shape 0 x 3"#]],
    );
    let wide = Document::empty()
        .input(&[1 << 14, 1 << 14])
        .lif("lif", &[])
        .output(&[1 << 14, 1 << 14])
        .chain(&["input", "lif", "output"]);
    check(
        wide,
        expect![[r#"
        1 problem in the graph
          `graph`: expected at most 4194304 values in all populations, found 805306368"#]],
    );
    let overflow = [1 << 28; 3];
    let wide = Document::empty()
        .input(&overflow)
        .lif("lif", &[])
        .output(&overflow)
        .chain(&["input", "lif", "output"]);
    check(
        wide,
        expect![[r#"
        1 problem in the graph
          `graph`: expected at most 4194304 values in all populations, found more than can be counted"#]],
    );
}

fn conv(changes: &[(&str, Value)]) -> Document {
    Document::empty()
        .input(&[2, 4, 4])
        .conv2d("conv", &[4, 2, 3, 3], changes)
        .output(&[4, 2, 2])
        .chain(&["input", "conv", "output"])
}

#[test]
fn convolutions_fit() {
    check(
        conv(&[("stride", list(&[0, 1]))]),
        expect![[r#"
        1 problem in the graph
          `conv`, stride: expected 1 or 2 integers from 1 to 268435456, found [0, 1]"#]],
    );
    check(
        conv(&[("stride", list(&[1, 1, 1]))]),
        expect![[r#"
        1 problem in the graph
          `conv`, stride: expected 1 or 2 integers from 1 to 268435456, found [1, 1, 1]"#]],
    );
    check(
        conv(&[("dilation", int(0))]),
        expect![[r#"
        1 problem in the graph
          `conv`, dilation: expected 1 or 2 integers from 1 to 268435456, found 0"#]],
    );
    check(
        conv(&[("groups", int(3))]),
        expect![[r#"
        1 problem in the graph
          `conv`, groups: expected a divisor of its 4 channels out, found 3"#]],
    );
    check(
        conv(&[("groups", int(2))]),
        expect![[r#"
        1 problem in the graph
          `conv`: expected an input of shape 4 x 4 x 4, found 2 x 4 x 4 from `input`"#]],
    );
    check(
        conv(&[("padding", text("reflect"))]),
        expect![[r#"
        1 problem in the graph
          `conv`, padding: expected integers, `same` or `valid`, found the text `reflect`"#]],
    );
    check(
        conv(&[("padding", list(&[-1, 0]))]),
        expect![[r#"
        1 problem in the graph
          `conv`, padding: expected 1 or 2 integers from 0 to 268435456, found [-1, 0]"#]],
    );
    check(
        conv(&[("padding", text("same")), ("stride", list(&[2, 2]))]),
        expect![[r#"
        1 problem in the graph
          `conv`, stride: expected 1 with padding `same`, found [2, 2]"#]],
    );
    check(
        conv(&[("dilation", list(&[2, 2]))]),
        expect![[r#"
        1 problem in the graph
          `conv`, kernel: expected a window within 4, the input with its padding, found 5"#]],
    );
    check(
        conv(&[("weight", ones(&[4, 2, 3]))]),
        expect![[r#"
        1 problem in the graph
          `conv`, weight: expected 4 axes (channels out, channels in, kernel, kernel), found 4 x 2 x 3"#]],
    );
    check(
        conv(&[("input_shape", list(&[5, 5]))]),
        expect![[r#"
        2 problems in the graph
          `conv`: expected an input of shape 2 x 5 x 5, found 2 x 4 x 4 from `input`
          `output`: expected an input of shape 4 x 2 x 2, found 4 x 3 x 3 from `conv`"#]],
    );
}

#[test]
fn pools_and_flattenings_fit() {
    let pool =
        [("kernel_size", list(&[5, 5])), ("stride", list(&[1, 1])), ("padding", list(&[0, 0]))];
    let document = Document::empty()
        .input(&[2, 4, 4])
        .node("pool", "SumPool2d", &pool)
        .output(&[2, 1, 1])
        .chain(&["input", "pool", "output"]);
    check(
        document.clone(),
        expect![[r#"
        1 problem in the graph
          `pool`, kernel: expected a window within 4, the input with its padding, found 5"#]],
    );
    check(
        document.input(&[4]),
        expect![[r#"
        1 problem in the graph
          `pool`: expected an input of 3 axes, found shape 4"#]],
    );
    let flatten = |start, end| {
        let fields =
            [("input_type", list(&[2, 4])), ("start_dim", int(start)), ("end_dim", int(end))];
        Document::empty()
            .input(&[2, 4])
            .node("flatten", "Flatten", &fields)
            .output(&[8])
            .chain(&["input", "flatten", "output"])
    };
    check(
        flatten(0, 2),
        expect![[r#"
        1 problem in the graph
          `flatten`, start_dim, end_dim: expected dimensions of the shape 2 x 4, found 0 to 2"#]],
    );
    check(
        flatten(1, 0),
        expect![[r#"
        1 problem in the graph
          `output`: expected an input of shape 8, found 2 x 1 x 4 from `flatten`"#]],
    );
    check(
        flatten(-9, -1),
        expect![[r#"
        1 problem in the graph
          `flatten`, start_dim, end_dim: expected dimensions of the shape 2 x 4, found -9 to -1"#]],
    );
    check(
        flatten(0, 0),
        expect![[r#"
        1 problem in the graph
          `output`: expected an input of shape 8, found 2 x 4 from `flatten`"#]],
    );
}

#[test]
fn a_loop_holds_state() {
    let square = [("weight", ones(&[2, 2]))];
    let document =
        Document::small().node("a", "Linear", &square).node("b", "Linear", &square).edges(
            "node",
            &[
                ("input", "fc"),
                ("fc", "a"),
                ("a", "b"),
                ("b", "a"),
                ("b", "lif"),
                ("lif", "output"),
            ],
        );
    check(
        document.clone(),
        expect![[r#"
        1 problem in the graph
          `a`: expected a neuron or a delay above 0 on every loop, found only `a`, `b`"#]],
    );
    // A delay breaks it, one of zero does not.
    let wait = |seconds| {
        document.clone().node("wait", "Delay", &[("delay", f32s(&[], &[seconds]))]).edges(
            "node",
            &[
                ("input", "fc"),
                ("fc", "a"),
                ("a", "b"),
                ("b", "wait"),
                ("wait", "a"),
                ("b", "lif"),
                ("lif", "output"),
            ],
        )
    };
    check(
        wait(0.001),
        expect![[r#"
        read
        `wait`: delay of shape scalar; spread over 2"#]],
    );
    check(
        wait(0.0),
        expect![[r#"
        1 problem in the graph
          `a`: expected a neuron or a delay above 0 on every loop, found only `a`, `b`, `wait`"#]],
    );
}

#[test]
fn nesting_ends() {
    let mut document = Document::small();
    let mut path = "node".to_owned();
    let mut name = String::new();
    for _ in 0..18 {
        path.push_str("/nodes/in");
        name.push_str(if name.is_empty() { "in" } else { "/in" });
        document = document.node(&name, "NIRGraph", &[]).edges(&path, &[]);
    }
    document = document.lif(&format!("{name}/lif"), &[2]);
    check(document, expect!["expected a sound HDF5 file, found groups lie more than 36 deep"]);
}

#[test]
fn a_nested_graph_has_one_way_in_and_out() {
    let document = Document::small()
        .node("sub", "NIRGraph", &[])
        .node("sub/in1", "Input", &[("shape", list(&[2]))])
        .node("sub/in2", "Input", &[("shape", list(&[2]))])
        .node("sub/out", "Output", &[("shape", list(&[2]))])
        .edges("node/nodes/sub", &[("in1", "out"), ("in2", "out")])
        .chain(&["input", "fc", "sub", "lif", "output"]);
    check(
        document,
        expect![[r#"
        1 problem in the graph
          `sub`: expected a nested graph with one Input and one Output, found 2 and 1"#]],
    );
    let document = Document::small()
        .node("sub", "NIRGraph", &[])
        .node("sub/in", "Input", &[("shape", list(&[2]))])
        .lif("sub/lif", &[3])
        .node("sub/out", "Output", &[("shape", list(&[2]))])
        .edges("node/nodes/sub", &[("in", "lif"), ("lif", "out")])
        .chain(&["input", "fc", "sub", "lif", "output"]);
    check(
        document,
        expect![[r#"
        2 problems in the graph
          `sub.lif`: expected an input of shape 3, found 2 from `sub.in`
          `sub.out`: expected an input of shape 2, found 3 from `sub.lif`"#]],
    );
}

#[test]
fn a_shape_that_nothing_tells_is_asked_for() {
    let scale = [("scale", f32s(&[], &[2.0]))];
    let document = Document::empty().node("scale", "Scale", &scale).edges("node", &[]);
    check(
        document,
        expect![[r#"
        3 problems in the graph
          `input`: expected a shape that its neighbours or parameters tell, found none
          `output`: expected a shape that its neighbours or parameters tell, found none
          `scale`: expected a shape that its neighbours or parameters tell, found none"#]],
    );
    check(
        Document::small().set("node/nodes/lif/v_reset", ints(&[0], &[])),
        expect![[r#"
        read
        `lif`: no v_reset; taken as 0"#]],
    );
}
