//! Every way in which a file may be unusual, and what is made of it.

use expect_test::expect;

use crate::document::{Document, Value, check, f32s, f64s, int, ints, list, ones, text, zeros};

#[test]
fn nothing_is_said_where_nothing_is_odd() {
    check(
        Document::small(),
        expect![[r#"
        read
    "#]],
    );
}

#[test]
fn versions_are_read_whatever_they_are() {
    check(
        Document::small().set("version", text("0.1.1")),
        expect![[r#"
        read
    "#]],
    );
    check(
        Document::small().remove("version"),
        expect![[r#"
        read
        `graph`: no version; read as 1.0.8"#]],
    );
    check(
        Document::small().set("version", Value::FixedText("1.0.4".to_owned())),
        expect![[r#"
        read
    "#]],
    );
    check(
        Document::small().remove("node/type"),
        expect![[r#"
        read
        `graph`: no type; read as NIRGraph"#]],
    );
}

#[test]
fn parameters_spread_over_their_population() {
    check(
        Document::small().lif("lif", &[]),
        expect![[r#"
        read
        `lif`: tau, r, v_leak, v_threshold, v_reset of shape scalar; spread over 2"#]],
    );
    check(
        Document::small().lif("lif", &[1, 2]),
        expect![[r#"
        read
        `lif`: tau, r, v_leak, v_threshold, v_reset of shape 1 x 2; spread over 2"#]],
    );
    check(
        Document::small().set("node/nodes/lif/tau", f64s(&[], &[0.5])),
        expect![[r#"
        read
        `lif`: tau of shape scalar; spread over 2"#]],
    );
    check(
        Document::small().set("node/nodes/fc/bias", f32s(&[], &[0.5])),
        expect![[r#"
        read
        `fc`: bias of shape scalar; taken as 2"#]],
    );
    check(
        Document::small().set("node/nodes/fc/weight", ones(&[1, 2, 3])),
        expect![[r#"
        read
        `fc`: weight of shape 1 x 2 x 3; taken as 2 x 3"#]],
    );
    check(
        Document::small().set("node/nodes/fc/weight", ints(&[2, 3], &[1; 6])),
        expect![[r#"
        read
        `fc`: weight of integers; taken as numbers"#]],
    );
    let maps = Document::empty()
        .input(&[2, 4, 4])
        .lif("lif", &[2, 1, 1])
        .output(&[2, 4, 4])
        .chain(&["input", "lif", "output"]);
    check(
        maps,
        expect![[r#"
        read
        `lif`: tau, r, v_leak, v_threshold, v_reset of shape 2 x 1 x 1; spread over 2 x 4 x 4"#]],
    );
}

#[test]
fn a_reset_may_be_missing() {
    check(
        Document::small().remove("node/nodes/lif/v_reset"),
        expect![[r#"
        read
        `lif`: no v_reset; taken as 0"#]],
    );
    check(
        Document::small().set("node/nodes/lif/v_reset", text("None")),
        expect![[r#"
        read
        `lif`: no v_reset; taken as 0"#]],
    );
}

#[test]
fn batch_axes_are_dropped() {
    check(
        Document::small().input(&[1, 3]).output(&[1, 1, 2]),
        expect![[r#"
        read
        `input`: a batch axis in shape 1 x 3; taken as 3
        `output`: a batch axis in shape 1 x 1 x 2; taken as 2"#]],
    );
    check(
        Document::small().input(&[32, 3]).output(&[32, 2]),
        expect![[r#"
        read
        `input`: a batch axis in shape 32 x 3; taken as 3
        `output`: a batch axis in shape 32 x 2; taken as 2"#]],
    );
    let scalar = Document::empty()
        .input(&[1, 3])
        .lif("first", &[])
        .node("fc", "Linear", &[("weight", ones(&[2, 3]))])
        .output(&[2])
        .chain(&["input", "first", "fc", "output"]);
    check(
        scalar,
        expect![[r#"
        read
        `first`: tau, r, v_leak, v_threshold, v_reset of shape scalar; spread over 3
        `input`: a batch axis in shape 1 x 3; taken as 3"#]],
    );
}

#[test]
fn ports_are_added() {
    let document = Document::small()
        .remove("node/nodes/input")
        .remove("node/nodes/output")
        .edges("node", &[("fc", "lif")]);
    check(
        document,
        expect![[r#"
        read
        `graph`: no Input; added `input` before `fc`
        `graph`: no Output; added `output` after `lif`
        `input`: no shape of its own; taken as 3
        `output`: no shape of its own; taken as 2"#]],
    );
    let lone = Document::default()
        .set("version", text("1.0.8"))
        .set("node/type", text("Linear"))
        .set("node/weight", ones(&[2, 3]));
    check(
        lone,
        expect![[r#"
        read
        `graph`: a lone Linear; a graph of one node `node`
        `graph`: no Input; added `input` before `node`
        `graph`: no Output; added `output` after `node`
        `input`: no shape of its own; taken as 3
        `output`: no shape of its own; taken as 2"#]],
    );
}

#[test]
fn edges_may_stand_twice_and_in_any_order() {
    let edges = [("lif", "output"), ("input", "fc"), ("fc", "lif"), ("input", "fc")];
    check(
        Document::small().edges("node", &edges),
        expect![[r#"
        read
        `graph`: the edge `input` -> `fc` twice; taken once"#]],
    );
}

#[test]
fn nodes_beside_the_way_are_said() {
    let document = Document::small().lif("alone", &[2]).lif("bias", &[2]).lif("probe", &[2]).edges(
        "node",
        &[("input", "fc"), ("fc", "lif"), ("lif", "output"), ("bias", "lif"), ("lif", "probe")],
    );
    check(
        document,
        expect![[r#"
        read
        `alone`: no way to it from an Input or on to an Output; left out
        `bias`: no way to it from an Input; kept
        `probe`: no way from it to an Output; kept"#]],
    );
}

#[test]
fn fields_that_nobody_knows_are_passed_over() {
    let document = Document::small()
        .set("node/nodes/lif/colour", text("red"))
        .set("node/nodes/lif/metadata/author", text("me"))
        .set("node/metadata/author", text("me"));
    check(
        document,
        expect![[r#"
        read
        `lif`: a field `colour` that is not known; passed over"#]],
    );
}

fn conv(output: &[i64], changes: &[(&str, Value)]) -> Document {
    Document::empty()
        .input(&[2, 4, 4])
        .conv2d("conv", &[4, 2, 3, 3], changes)
        .output(output)
        .chain(&["input", "conv", "output"])
}

#[test]
fn convolutions_come_in_all_spellings() {
    check(
        conv(&[4, 2, 2], &[]),
        expect![[r#"
        read
    "#]],
    );
    check(
        conv(&[4, 4, 4], &[("padding", text("same"))]),
        expect![[r#"
        read
    "#]],
    );
    check(
        conv(&[4, 2, 2], &[("padding", text("valid"))]),
        expect![[r#"
        read
    "#]],
    );
    check(
        conv(&[4, 4, 4], &[("padding", int(1)), ("dilation", int(1))]),
        expect![[r#"
        read
        `conv`: one dilation, 1; taken for all 2 axes
        `conv`: one padding, 1; taken for all 2 axes"#]],
    );
    check(
        conv(&[4, 2, 2], &[("padding", list(&[1, 1])), ("stride", int(2))]),
        expect![[r#"
        read
        `conv`: one stride, 2; taken for all 2 axes"#]],
    );
    check(
        conv(&[4, 2, 2], &[("stride", f32s(&[2], &[1.0, 1.0]))]),
        expect![[r#"
        read
        `conv`: stride of fractions; taken as integers"#]],
    );
    check(
        conv(&[4, 2, 2], &[("input_shape", list(&[2, 4, 4]))]),
        expect![[r#"
        read
        `conv`: input_shape 2 x 4 x 4 with channels; taken as 4 x 4"#]],
    );
    check(
        conv(&[4, 2, 2], &[("input_shape", text("None"))]),
        expect![[r#"
        read
        `conv`: input_shape says none; inferred from its input"#]],
    );
    check(
        conv(&[4, 2, 2], &[]).remove("node/nodes/conv/input_shape"),
        expect![[r#"
        read
        `conv`: no input_shape; inferred from its input"#]],
    );
    check(
        conv(&[4, 2, 2], &[]).remove("node/nodes/conv/bias"),
        expect![[r#"
        read
        `conv`: no bias; taken as 0"#]],
    );
    check(
        conv(&[4, 2, 2], &[("bias", f32s(&[], &[1.0]))]),
        expect![[r#"
        read
        `conv`: bias of shape scalar; taken as 4"#]],
    );
    let batch = conv(&[1, 4, 2, 2], &[]).input(&[1, 2, 4, 4]);
    check(
        batch.remove("node/nodes/conv/input_shape"),
        expect![[r#"
        read
        `conv`: no input_shape; inferred from its input
        `input`: a batch axis in shape 1 x 2 x 4 x 4; taken as 2 x 4 x 4
        `output`: a batch axis in shape 1 x 4 x 2 x 2; taken as 4 x 2 x 2"#]],
    );
}

#[test]
fn one_dimensional_convolutions_are_read() {
    let fields = [
        ("input_shape", int(8)),
        ("weight", ones(&[4, 1, 3])),
        ("stride", int(2)),
        ("padding", int(1)),
        ("dilation", int(1)),
        ("groups", int(2)),
        ("bias", zeros(&[4])),
    ];
    let document = Document::empty()
        .input(&[2, 8])
        .node("conv", "Conv1d", &fields)
        .output(&[4, 4])
        .chain(&["input", "conv", "output"]);
    check(
        document.clone(),
        expect![[r#"
        read
    "#]],
    );
    check(
        document.set("node/nodes/conv/input_shape", list(&[2, 8])),
        expect![[r#"
        read
        `conv`: input_shape 2 x 8 with channels; taken as 8"#]],
    );
}

fn flatten(input_type: Option<&[i64]>, start: i64, output: &[i64]) -> Document {
    let fields = [("start_dim", int(start)), ("end_dim", int(-1))];
    let outputs = output.iter().product::<i64>();
    let document = Document::empty()
        .input(&[2, 4, 4])
        .node("flatten", "Flatten", &fields)
        .node("fc", "Linear", &[("weight", ones(&[1, u64::try_from(outputs).unwrap()]))])
        .output(&[1])
        .chain(&["input", "flatten", "fc", "output"]);
    match input_type {
        Some(shape) => document.set("node/nodes/flatten/input_type", list(shape)),
        None => document,
    }
}

#[test]
fn flattenings_may_count_a_batch_axis() {
    check(
        flatten(Some(&[2, 4, 4]), 0, &[32]),
        expect![[r#"
        read
    "#]],
    );
    check(
        flatten(None, 0, &[32]),
        expect![[r#"
        read
        `flatten`: no input_type; inferred from its input"#]],
    );
    check(
        flatten(Some(&[1, 2, 4, 4]), 1, &[32]),
        expect![[r#"
        read
        `flatten`: a batch axis in input_type 1 x 2 x 4 x 4; taken as 2 x 4 x 4"#]],
    );
    check(
        flatten(Some(&[2, 4, 4]), 1, &[32]),
        expect![[r#"
        read
        `flatten`: start_dim 1 counts a batch axis; all 3 axes are joined"#]],
    );
    check(
        flatten(None, 1, &[32]),
        expect![[r#"
        read
        `flatten`: no input_type; inferred from its input
        `flatten`: start_dim 1 counts a batch axis; all 3 axes are joined"#]],
    );
    check(
        flatten(None, 1, &[32]).remove("node/nodes/flatten/start_dim"),
        expect![[r#"
            read
            `flatten`: no input_type; inferred from its input
            `flatten`: no start_dim; taken as 1
            `flatten`: start_dim 1 counts a batch axis; all 3 axes are joined"#]],
    );
}

#[test]
fn nested_graphs_are_spliced_in() {
    let square = [("weight", ones(&[2, 2]))];
    let document = Document::small()
        .node("sub", "NIRGraph", &[])
        .node("sub/in", "Input", &[("shape", list(&[2]))])
        .node("sub/deep", "NIRGraph", &[])
        .node("sub/deep/way", "Input", &[("shape", list(&[2]))])
        .node("sub/deep/out", "Output", &[("shape", list(&[2]))])
        .edges("node/nodes/sub/nodes/deep", &[("way", "out")])
        .lif("sub/lif", &[2])
        .node("sub/rec", "Linear", &square)
        .node("sub/out", "Output", &[("shape", list(&[1, 2]))])
        .edges(
            "node/nodes/sub",
            &[("in", "deep"), ("deep", "lif"), ("lif", "rec"), ("rec", "lif"), ("lif", "out")],
        )
        .chain(&["input", "fc", "sub", "lif", "output"]);
    let loaded = nir::from_bytes(&document.bytes()).unwrap();
    let edges: Vec<String> =
        loaded.graph.edges.iter().map(|(from, to)| format!("{from} -> {to}")).collect();
    expect![[r#"
        fc -> sub.lif
        input -> fc
        lif -> output
        sub.lif -> lif
        sub.lif -> sub.rec
        sub.rec -> sub.lif"#]]
    .assert_eq(&edges.join("\n"));
    check(
        document,
        expect![[r#"
        read
        `sub.out`: a batch axis in shape 1 x 2; taken as 2"#]],
    );
}

#[test]
fn nested_graphs_may_lack_ports_and_misname_an_end() {
    let document = Document::small()
        .node("sub", "NIRGraph", &[])
        .lif("sub/lif", &[2])
        .edges("node/nodes/sub", &[])
        .chain(&["input", "fc", "sub", "lif", "output"]);
    check(
        document,
        expect![[r#"
        read
        `sub`: no Input; added `input` before `lif`
        `sub`: no Output; added `output` after `lif`
        `sub.input`: no shape of its own; taken as 2
        `sub.output`: no shape of its own; taken as 2"#]],
    );
    let document = Document::small()
        .node("sub", "NIRGraph", &[])
        .node("sub/in", "Input", &[("shape", list(&[2]))])
        .lif("sub/lif1", &[2])
        .node("sub/out", "Output", &[("shape", list(&[2]))])
        .edges("node/nodes/sub", &[("in", "lif"), ("lif", "out")])
        .chain(&["input", "fc", "sub", "lif", "output"]);
    check(
        document,
        expect![[r#"
        read
        `sub.lif1`: edges of `lif`, which is not there; taken as its own, which it lacks"#]],
    );
}
