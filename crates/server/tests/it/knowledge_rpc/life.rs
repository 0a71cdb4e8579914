//! Branches that are split, looked back on, merged when they are ready and pruned, over both.

use super::*;

pub(super) async fn branches(both: &mut Both) {
    let branch = id(&both.told("/v1/branches", &json!({ "name": "plan" })));
    let visits = |place: &str| json!({ "subject": "Pingu", "predicate": "visits", "object": place, "branch": branch });
    let [first, second] =
        ["London", "Turin"].map(|place| id(&both.told("/v1/facts", &visits(place))));
    let other = split(both, branch, second).await;
    history(both, branch, first).await;
    consolidate(both, branch).await;
    prune(both, [branch, other]).await;
}

/// Moves a fact to a branch of its own; gives that.
async fn split(both: &mut Both, branch: u64, fact: u64) -> u64 {
    let path = format!("/v1/branches/{branch}/split");
    let split = |items: &[String]| pb::SplitBranchRequest {
        id: branch,
        name: "other".into(),
        items: items.to_vec(),
    };
    let wrong = ["fact".to_owned()];
    let body = json!({ "name": "other", "items": wrong });
    same!(both, split_branch(split(&wrong)), "POST", path, body);
    let items = [format!("fact {fact}")];
    let body = json!({ "name": "other", "items": items });
    let made = same!(both, split_branch(split(&items)), "POST", path, body.clone());
    assert_eq!(made["created"], true, "{made}");
    same!(both, split_branch(split(&items)), "POST", path, body);
    id(&made)
}

async fn history(both: &mut Both, branch: u64, fact: u64) {
    let path = format!("/v1/branches/{branch}/history");
    let page = |after, limit| pb::BranchHistoryRequest { id: branch, after, limit };
    let all = same!(both, branch_history(page(None, None)), "GET", path);
    assert_eq!(all["results"][0]["item"], format!("fact {fact}"), "{all}");
    assert_eq!(all["results"][0]["after"]["Fact"]["predicate"], "visits", "{all}");
    let first = same!(both, branch_history(page(None, Some(1))), "GET", format!("{path}?limit=1"));
    assert_eq!(first["next"], 1, "{first}");
    let rest = format!("{path}?limit=1&after=1");
    let rest = same!(both, branch_history(page(Some(1), Some(1))), "GET", rest);
    assert_ne!(rest["results"], first["results"]);
    let nowhere = pb::BranchHistoryRequest { id: 999, ..Default::default() };
    same!(both, branch_history(nowhere), "GET", "/v1/branches/999/history");
    let names = [format!("branch {branch}"), format!("fact {fact}"), "predicate 1".into()];
    for item in names.into_iter().chain(["relation 999".into(), "anything".into()]) {
        let path = format!("/v1/knowledge/history?item={}", item.replace(' ', "%20"));
        same!(both, item_history(pb::ItemHistoryRequest { item }), "GET", path);
    }
}

async fn consolidate(both: &mut Both, branch: u64) {
    let path = format!("/v1/branches/{branch}/consolidate");
    // So long that the scores of two servers are the same, however slow they are.
    let settle = u32::MAX;
    let as_it_is = pb::ConsolidateBranchRequest {
        id: branch,
        settle_seconds: Some(settle),
        ..Default::default()
    };
    let body = json!({ "settle_seconds": settle });
    let waits = same!(both, consolidate_branch(as_it_is.clone()), "POST", path, body);
    assert!(waits["why_not"][0].as_str().unwrap().starts_with("its score is"), "{waits}");
    let choices = json!({ "entity 1": "child" });
    let unasked = pb::ConsolidateBranchRequest {
        choices: [("entity 1".to_owned(), "child".to_owned())].into(),
        ..as_it_is.clone()
    };
    let body = json!({ "choices": choices, "settle_seconds": settle });
    same!(both, consolidate_branch(unasked), "POST", path, body);
    let would = pb::ConsolidateBranchRequest {
        strategy: Some("prefer_child".into()),
        min_score: Some(0.0),
        max_divergence: Some(1.0),
        dry_run: true,
        ..as_it_is
    };
    let mut body = json!({ "strategy": "prefer_child", "min_score": 0.0, "max_divergence": 1.0,
        "settle_seconds": settle, "dry_run": true });
    let told = same!(both, consolidate_branch(would.clone()), "POST", path, body.clone());
    assert_eq!((&told["consolidated"], &told["branch"]["changes"]), (&json!(false), &json!(1)));
    body["dry_run"] = false.into();
    let done = pb::ConsolidateBranchRequest { dry_run: false, ..would };
    let done = same!(both, consolidate_branch(done), "POST", path, body);
    assert_eq!(done["consolidated"], true, "{done}");
}

async fn prune(both: &mut Both, branches: [u64; 2]) {
    let path = "/v1/branches/prune";
    let none = same!(both, prune_branches(pb::PruneBranchesRequest::default()), "POST", path);
    assert_eq!(none["branches"], json!([]), "{none}");
    let would = pb::PruneBranchesRequest {
        older_than_seconds: Some(0),
        merged: Some(true),
        unmerged: Some(true),
        dry_run: true,
    };
    let mut body =
        json!({ "older_than_seconds": 0, "merged": true, "unmerged": true, "dry_run": true });
    let told = same!(both, prune_branches(would), "POST", path, body.clone());
    let gone = |told: &Value| {
        let all = told["branches"].as_array().unwrap().iter();
        all.filter_map(Value::as_u64).filter(|id| branches.contains(id)).count()
    };
    assert_eq!((gone(&told), &told["pruned"]), (2, &json!(false)), "{told}");
    body["dry_run"] = false.into();
    let done = pb::PruneBranchesRequest { dry_run: false, ..would };
    let told = same!(both, prune_branches(done), "POST", path, body);
    assert_eq!((gone(&told), &told["pruned"]), (2, &json!(true)), "{told}");
}
