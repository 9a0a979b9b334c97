//! The data of a page, read back from the file.

use porcupine::kv::{KvInput, KvModel, KvOutput};
use porcupine::register::{self, RegisterModel};
use porcupine::{Annotation, Lane, Limits, Operation, Page, check_operations_verbose};
use serde_json::{Value, json};

fn operation(
    client: usize,
    input: KvInput,
    output: KvOutput,
    [call, ret]: [i64; 2],
) -> Operation<KvInput, KvOutput> {
    Operation { client, input, call, output, ret }
}

fn get(client: usize, key: &str, value: &str, times: [i64; 2]) -> Operation<KvInput, KvOutput> {
    operation(client, KvInput::Get { key: key.into() }, KvOutput::Value(value.into()), times)
}

fn put(client: usize, key: &str, value: &str, times: [i64; 2]) -> Operation<KvInput, KvOutput> {
    let input = KvInput::Put { key: key.into(), value: value.into() };
    operation(client, input, KvOutput::Nothing, times)
}

/// Returns the page of a history, and the data in it.
fn page(history: &[Operation<KvInput, KvOutput>], annotations: Vec<Annotation>) -> (String, Value) {
    let report = check_operations_verbose(&KvModel, history, Limits::NONE);
    let mut file = Vec::new();
    let page = Page::new(&KvModel, history, &report).title("a <title>").annotate(annotations);
    page.write(&mut file).expect("writing to a Vec cannot fail");
    let html = String::from_utf8(file).expect("the page is UTF-8");
    let line = html.lines().find_map(|line| line.strip_prefix("const data = "));
    let json = line.and_then(|line| line.strip_suffix(';')).expect("the data has its own line");
    let data = serde_json::from_str(json).expect("the data is JSON");
    (html, data)
}

/// Returns start and end of each operation of a partition.
fn times(partition: &Value) -> Vec<[i64; 2]> {
    let number = |time: &Value| time.as_i64().expect("a number");
    let history = partition["History"].as_array().expect("a list");
    history.iter().map(|one| [number(&one["Start"]), number(&one["End"])]).collect()
}

/// Returns the steps of a partial linearization: operations, each with the
/// value after it.
fn steps(steps: &[(usize, &str)]) -> Vec<Value> {
    let step =
        |&(index, value)| json!({ "Index": index, "StateDescription": format!("'{value}'") });
    steps.iter().map(step).collect()
}

#[test]
fn page_has_the_data_of_an_illegal_history() {
    let (_, data) = page(
        &[
            get(0, "x", "w", [0, 100]),
            put(1, "x", "y", [5, 10]),
            put(2, "x", "z", [0, 10]),
            get(1, "x", "y", [20, 30]),
            put(1, "x", "w", [35, 45]),
            get(5, "x", "z", [25, 35]),
            get(3, "x", "y", [30, 40]),
            get(4, "y", "a", [50, 90]),
            put(2, "y", "a", [55, 85]),
        ],
        Vec::new(),
    );
    assert_eq!(data["Verdict"], "Illegal");
    let [x, y] = [0, 1].map(|partition| &data["Partitions"][partition]);
    assert_eq!([&x["Verdict"], &y["Verdict"]], ["Illegal", "Ok"]);
    let expected =
        [[0, 1300], [100, 200], [0, 200], [300, 500], [600, 800], [400, 600], [500, 700]];
    assert_eq!(times(x), expected);
    assert_eq!(times(y), [[900, 1200], [1000, 1100]]);
    let longest = steps(&[(2, "z"), (1, "y"), (3, "y"), (6, "y"), (4, "w"), (0, "w")]);
    let other = steps(&[(1, "y"), (2, "z"), (5, "z")]);
    assert_eq!(x["PartialLinearizations"], json!([longest, other]));
    assert_eq!(x["Largest"], json!({"0": 0, "1": 0, "2": 0, "3": 0, "4": 0, "5": 1, "6": 0}));
    assert_eq!(y["PartialLinearizations"], json!([steps(&[(1, "a"), (0, "a")])]));
    assert_eq!(y["Largest"], json!({"0": 0, "1": 0}));
    assert_eq!(x["History"][0]["Description"], "get('x') -> 'w'");
    assert_eq!(x["History"][0]["OriginalEnd"], "100");
    assert_eq!(x["InitialState"], "''");
}

/// No value can end the script or open a tag.
#[test]
fn values_are_escaped() {
    let value = "</script><script>alert(1)</script> & \u{2028} \"'\\";
    let (html, data) = page(&[put(0, "<k>", value, [0, 1])], Vec::new());
    assert_eq!(html.matches("</script").count(), 1);
    assert_eq!(html.matches("<script").count(), 1);
    assert!(html.contains("<h1>a &lt;title&gt;</h1>"));
    assert!(!html.contains('\u{2028}'));
    let description = data["Partitions"][0]["History"][0]["Description"].as_str();
    assert_eq!(description, Some(&*format!("put('<k>', '{value}')")));
}

#[test]
fn annotations_use_the_clock_of_the_operations() {
    let annotations = vec![
        Annotation::new("server 1", 10, 20, "down").details("killed").colors("white", "#a00"),
        Annotation { lane: Lane::Client(0), ..Annotation::new("", 30, 5, "left") },
    ];
    let (_, data) = page(&[put(0, "k", "v", [0, 10])], annotations.clone());
    let expected = json!([
        {
            "ClientId": 0, "Tag": "server 1", "Annotation": true,
            "Start": 200, "OriginalStart": "10", "End": 300, "OriginalEnd": "20",
            "Description": "down", "Details": "killed",
            "TextColor": "white", "BackgroundColor": "#a00",
        },
        {
            "ClientId": 0, "Tag": "", "Annotation": true,
            "Start": 400, "OriginalStart": "30", "End": 400, "OriginalEnd": "30",
            "Description": "left", "Details": "", "TextColor": "", "BackgroundColor": "",
        },
    ]);
    assert_eq!(data["Annotations"], expected);
    let (_, data) = page(&[], annotations);
    assert_eq!(data["Partitions"], json!([]));
    assert_eq!(data["Annotations"][0]["Start"], 100);
}

#[test]
fn long_values_are_shortened_and_the_page_says_so() {
    let long = "é".repeat(10_000) + "end";
    let (_, data) = page(&[put(0, "k", &long, [0, 1])], Vec::new());
    let description = data["Partitions"][0]["History"][0]["Description"].as_str().expect("text");
    assert!(description.starts_with("put('k', 'éé"), "{description}");
    assert!(description.ends_with("ééend')"), "{description}");
    assert!(description.contains("… 9845 characters …"), "{description}");
    assert_eq!(data["LeftOut"], json!(["long texts shortened in the middle: 2"]));
}

#[test]
fn empty_history_has_a_page() {
    let model = RegisterModel::default();
    let history: [Operation<register::RegisterInput, register::RegisterOutput>; 0] = [];
    let report = check_operations_verbose(&model, &history, Limits::NONE);
    Page::new(&model, &history, &report).write(Vec::new()).expect("writing to a Vec cannot fail");
}
