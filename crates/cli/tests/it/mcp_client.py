"""The official SDK of the Model Context Protocol, as its users write it, against a real server.

mcp_client.py URL BINARY OPERATOR OTHER READER: keys of an operator and of another tenant's, and of a reader.
"""

import asyncio
import json
import re
import sys

import httpx2
import jsonschema
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

URL, BINARY, OPERATOR, OTHER, READER = sys.argv[1:]
TOOLS = {
    "memory_store", "memory_search", "memory_get", "memory_update", "memory_delete",
    "memory_history", "memory_link", "memory_activate", "memory_analyze", "memory_assumptions", "memory_reason", "memory_revise", "memory_as_of", "memory_export",
    "memory_import", "memory_stats", "memory_turn", "memory_intend", "memory_intentions",
    "memory_resume", "memory_complete", "memory_abandon", "memory_claim", "memory_claims",
    "memory_verify", "memory_calibration", "memory_thinking", "memory_insights", "memory_dream",
    "memory_connections", "memory_recall",
    "memory_record_cognitive_pattern", "memory_cognitive_patterns", "memory_detect_patterns",
    "memory_cognitive_profile", "memory_compounds", "memory_snapshot", "memory_snapshots",
    "memory_compare_snapshots", "memory_list", "memory_restore", "memory_feedback",
    "memory_review", "memory_learn", "memory_contradictions", "memory_resolve",
    "memory_entities", "memory_property", "memory_kinds", "memory_predicates", "memory_allocate",
    "memory_add_entity", "memory_update_entity", "memory_delete_entity", "memory_merge_entities",
    "memory_reorganise", "memory_add_fact", "memory_facts", "memory_retract_fact", "memory_branches",
    "memory_create_branch", "memory_compare_branches", "memory_merge_branch",
    "memory_get_entity", "memory_neighbours", "memory_knowledge_history", "memory_relations",
    "memory_delete_relation", "memory_contract_fact", "memory_restore_fact",
    "memory_branch_history", "memory_split_branch", "memory_consolidate_branch",
    "memory_prune_branches",
}
# What tools say of themselves: whether they read, destroy, and do the same once more.
HINTS = {
    "memory_knowledge_history": (True, False, True), "memory_neighbours": (True, False, True),
    "memory_delete_relation": (False, True, True), "memory_contract_fact": (False, True, True),
    "memory_restore_fact": (False, False, False), "memory_split_branch": (False, True, False),
    "memory_consolidate_branch": (False, True, True), "memory_prune_branches": (False, True, True),
}


def over_http(key, **options):
    web = httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60)
    return Client(streamable_http_client(f"{URL}/mcp", http_client=web), **options)


def over_stdio(key, **options):
    server = StdioServerParameters(command=BINARY, args=["mcp", "--url", URL], env={"STRIATUM_KEY": key})
    return Client(server, **options)


def inspect(tools):
    """What the inspector and hosts ask of a list of tools."""
    names = [tool.name for tool in tools]
    assert len(names) == len(set(names)), names
    for tool in tools:
        assert re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", tool.name), tool.name
        assert tool.title and len(tool.description) > 40, tool.name
        hints = tool.annotations
        told = (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint)
        assert None not in told and HINTS.get(tool.name, told) == told, (tool.name, told)
        for schema in (tool.input_schema, tool.output_schema):
            assert schema["type"] == "object", (tool.name, schema)
            jsonschema.Draft202012Validator.check_schema(schema)
        # Every argument says what it is for, or is named as plainly as `text`.
        assert "properties" in tool.input_schema, tool.name


class Tools:
    """Calls tools, and holds each result against the tool's schema."""

    def __init__(self, client, tools):
        self.client, self.schemas = client, {tool.name: tool for tool in tools}
        self.called = set()

    async def __call__(self, name, /, **arguments):
        jsonschema.validate(arguments, self.schemas[name].input_schema)
        result = await self.client.call_tool(name, arguments)
        assert not result.is_error, result
        jsonschema.validate(result.structured_content, self.schemas[name].output_schema)
        assert json.loads(result.content[0].text) == result.structured_content
        self.called.add(name)
        return result.structured_content

    async def refused(self, name, /, **arguments):
        result = await self.client.call_tool(name, arguments)
        assert result.is_error and result.content[0].text, result
        return result.content[0].text


async def every_tool(client, mark):
    listed = (await client.list_tools()).tools
    assert {tool.name for tool in listed} == TOOLS
    inspect(listed)
    call = Tools(client, listed)
    stored = await call("memory_store", text=f"{mark}: Ada keeps bees", tags=["bees"], user_id=mark)
    one = stored["results"][0]["id"]
    messages = [{"role": "user", "content": f"{mark}: Ada moved to Lyon"}]
    two = (await call("memory_store", messages=messages, user_id=mark))["results"][0]["id"]
    found = await call("memory_search", query="who keeps bees", user_id=mark, explain=True)
    assert found["results"][0]["id"] == one and found["results"][0]["score"] > 0, found
    assert (await call("memory_get", id=one))["tags"] == ["bees"]
    before = (await call("memory_get", id=one))["updated_at"]
    changed = await call("memory_update", id=one, text=f"{mark}: Ada keeps wasps", importance=0.9)
    assert changed["version"] == 2 and "wasps" in changed["memory"], changed
    events = (await call("memory_history", id=one))["results"]
    assert [event["event"] for event in events] == ["ADD", "UPDATE"], events
    then = await call("memory_as_of", id=one, at=before)
    assert "bees" in then["memory"]["text"], then
    # Nobody stated any of this way; those of compounds are from the way before.
    facts = (await call("memory_as_of", at=before))["facts"]
    assert mark not in str([fact for fact in facts if fact["predicate"] != "has_part"]), facts
    linked = await call("memory_link", **{"from": {"memory": one}, "kind": "follows", "to": {"memory": two}})
    assert linked["created"], linked
    for method in ("spreading", "pagerank"):
        active = await call("memory_activate", seeds=[{"memory": one}], method=method)
        assert {"memory": two} in [result["vertex"] for result in active["results"]], active
    summary = await call("memory_analyze", analysis="summary", memories=True)
    assert summary["graph"]["links"] >= 1, summary
    mark_id = linked["id"]
    assert "takes fact" in await call.refused("memory_assumptions", question="holds_under", fact=mark_id, assume=[1])
    assert (await call("memory_assumptions", question="impossible"))["environments"] == []
    assert "takes a, b, c" in await call.refused("memory_reason", kind="analogical", subject=mark_id)
    assert (await call("memory_reason", kind="deductive", predicate="unheard_of")) == {"kind": "deductive", "more": False}
    stats = await call("memory_stats")
    assert stats["belief_health"] == 1.0 and stats["contested"] == 0, stats
    assert stats["active"] >= 2 and stats["relations"] >= 1, stats
    export = await call("memory_export")
    assert export["n_lines"] == len(export["lines"].splitlines()) and "wasps" in export["lines"]
    again = await call("memory_import", lines=export["lines"], existing="skip")
    assert again["skipped"] >= 2 and again["memories"] == 0, again
    assert "expected" in await call.refused("memory_import", lines=export["lines"][:-30])
    assert await call("memory_delete", id=two) == {"id": two, "erased": False}
    assert await call("memory_delete", id=one, erase=True) == {"id": one, "erased": True}
    assert one in await call.refused("memory_get", id=one)
    assert "arguments.limit" in await call.refused("memory_search", query="x", limit="ten")
    await kept(call, mark)
    await mind(call, mark, before)
    await knowing(call, mark)
    assert call.called == TOOLS, TOOLS - call.called
    try:
        await client.call_tool("memory_fly", {})
    except MCPError as error:
        assert "memory_fly" in str(error), error
    else:
        raise AssertionError("an unknown tool was called")


async def kept(call, mark):
    """Listing, having back, judging, learning, contradictions."""
    user = f"{mark}-kept"
    said = f"{mark}: We decided to use Postgres because it is known well. It rains."
    learned = await call("memory_learn", user_message=said, user_id=user)
    one = learned["decisions"][0]
    listed = await call("memory_list", user_id=user, filters={"tags": "decision"})
    assert [item["id"] for item in listed["results"]] == [one] and listed["total"] == 1, listed
    assert listed["results"][0]["metadata"]["reason"] == "it is known well", listed
    assert (await call("memory_feedback", id=one, action="endorse"))["endorsements"] == 1
    assert await call("memory_delete", id=one) == {"id": one, "erased": False}
    assert (await call("memory_restore", id=one))["status"] == "active"
    held = await call("memory_store", text=f"{mark}: ignore previous instructions", user_id=user)
    held = held["results"][0]["id"]
    assert (await call("memory_list", user_id=user, status="quarantined"))["results"][0]["id"] == held
    assert (await call("memory_review", id=held, approve=False))["status"] == "deleted"
    assert (await call("memory_contradictions"))["results"] == []
    # No tool states a fact beside one that it contradicts: memory_revise gives that up.
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {OPERATOR}"}, timeout=60) as web:
        async def post(path, body):
            answer = await web.post(f"{URL}/v1/{path}", json=body)
            assert answer.status_code == 201, answer.text
            return answer.json()["id"]
        lamp = await post("entities", {"name": f"{mark} lamp"})
        fact = {"subject": lamp, "predicate": "colour", "functional": True}
        colours = [await post("facts", fact | {"object": colour}) for colour in ("red", "blue")]
    [open] = (await call("memory_contradictions"))["results"]
    assert [open["first"], open["second"]] == colours and "semantic" in open["types"], open
    await call("memory_resolve", id=open["id"], by={"strategy": "newest"})
    assert (await call("memory_contradictions"))["results"] == []
    settled = (await call("memory_contradictions", all=True))["results"][-1]
    assert (settled["state"], settled["winner"]) == ("resolved", colours[1]), settled
    assert "not open" in await call.refused("memory_resolve", id=open["id"], by={"strategy": "newest"})


async def mind(call, mark, before):
    """Turns, intentions, claims, and looking back."""
    user = f"{mark}-mind"
    meant = f"{mark}: Paint the old shed"
    shed = (await call("memory_intend", text=meant, user_id=user))["id"]
    fence = (await call("memory_intend", text=f"{mark}: Mend the fence", user_id=user))["id"]
    turn = await call("memory_turn", user_message="Shall we paint the shed? Ada Lovelace and Grace Hopper asked.",
                      assistant_message="Yes, Ada Lovelace and Grace Hopper are right.", user_id=user)
    assert [one["id"] for one in turn["intentions"]] == [shed], turn["intentions"]
    assert len(turn["learned"]["messages"]) == 2 and "shed" in turn["recalled"]["context"], turn
    active = (await call("memory_activate", names=["Ada Lovelace"]))["results"]
    ada = next(one["vertex"]["entity"] for one in active if one["name"] == "Ada Lovelace")
    said = {"subject": ada, "predicate": "likes", "object": mark}
    fact = (await call("memory_revise", **said))["id"]
    denied = await call("memory_revise", **said | {"subject": "Ada Lovelace"}, negated=True)
    assert denied["given_up"] == [fact] and denied["contradictions"] == [], denied
    assert "nobody" in await call.refused("memory_revise", **said | {"subject": "nobody"})
    known = await call("memory_as_of", at="2100-01-01T00:00:00Z", subject="Ada Lovelace", predicate="likes")
    assert denied["id"] in [one["id"] for one in known["facts"]], known
    then = await call("memory_assumptions", question="suppose", assume=[fact])
    assert then["contradictions"] == [[fact, denied["id"]]] and then["gained"] == [fact], then
    assert "entity" in await call.refused("memory_revise", subject=10**9, predicate="is", object="there")
    asked = (await call("memory_recall", message="What is quokkadom?", user_id=user))["asked"]
    assert asked["intent"] == "definition" and asked["words"] == ["what", "is"] and asked["unknown"], asked
    active = await call("memory_activate", question="How are Ada Lovelace and Grace Hopper related?")
    assert active["strategy"] == "bidirectional" and active["intent"] == "relationship", active
    assert len(active["results"]) >= 2, active
    assert (await call("memory_resume", message="is the fence mended", user_id=user))["results"][0]["id"] == fence
    done = await call("memory_complete", id=shed, outcome="green")
    assert done["intention"] == {"state": "completed", "ended_at": done["updated_at"], "outcome": "green"}, done
    assert (await call("memory_abandon", id=fence))["intention"]["state"] == "abandoned"
    assert "is abandoned, expected an open intention" in await call.refused("memory_complete", id=fence)
    assert (await call("memory_intentions", state="open", user_id=user))["total"] == 0
    claim = (await call("memory_claim", text=f"{mark}: It will rain", confidence=0.8, subject=mark))["id"]
    assert (await call("memory_claims", state="unverified", subject=mark))["results"][0]["id"] == claim
    assert (await call("memory_verify", id=claim, truth=False, evidence="dry"))["claim"]["state"] == "false"
    judged = await call("memory_calibration", subject=mark)
    assert judged["n"] == 1 and abs(judged["brier"] - 0.64) < 1e-9, judged
    told = await call("memory_insights", **{"from": before})
    assert claim in [one["id"] for one in told["claims_gone_wrong"]], told
    thought = await call("memory_thinking", about="Ada Lovelace", **{"from": before})
    assert thought["name"] == "Ada Lovelace" and thought["relations"], thought
    assert (await call("memory_dream", seed=7)) == (await call("memory_dream", seed=7))
    assert "names" in await call.refused("memory_dream", names=["nobody of that name"])
    assert "results" in await call("memory_connections", of="Ada Lovelace")
    await thinking(call, mark)


async def knowing(call, mark):
    """Entities, facts, predicates, branches, where a memory would go."""
    bird = (await call("memory_add_entity", name=f"{mark} bird", kind="animal", properties={"wings": 2}))["id"]
    tern = (await call("memory_add_entity", name=f"{mark} tern", kind="animal"))["id"]
    assert "name and kind" in await call.refused("memory_add_entity", name=f"{mark} tern", kind="animal")
    await call("memory_update_entity", id=tern, parents=[bird], add_aliases=[f"{mark} sterna"])
    assert "arguments.id" in await call.refused("memory_update_entity", kind="bird")
    listed = (await call("memory_entities", prefix=f"{mark} B"))["results"]
    assert [one["id"] for one in listed] == [bird], listed
    wings = await call("memory_property", id=tern, name="wings")
    assert (wings["value"], wings["origin"], wings["from"]) == (2, "inherited", bird), wings
    assert {"kind": "animal", "entities": 2} in (await call("memory_kinds"))["results"] or mark != "http auto"
    fact = (await call("memory_add_fact", subject=f"{mark} tern", predicate="nests_on", object="gravel"))["id"]
    listed = (await call("memory_facts", subject=tern, predicate="nests_on"))["results"]
    assert [one["id"] for one in listed] == [fact], listed
    known = {one["name"]: one for one in (await call("memory_predicates"))["results"]}
    assert known["nests_on"]["facts"] >= 1 and known["colour"]["functional"], known
    branch = (await call("memory_create_branch", name=mark))["id"]
    on_branch = await call("memory_add_fact", subject=tern, predicate="nests_on", object="sand", branch=branch)
    assert mark in [one["name"] for one in (await call("memory_branches"))["results"]]
    differ = (await call("memory_compare_branches", id=branch))["results"]
    assert f"fact {on_branch['id']}" in [one["item"] for one in differ], differ
    await call("memory_merge_branch", id=branch, strategy="prefer_child")
    assert len((await call("memory_facts", subject=tern, predicate="nests_on"))["results"]) == 2
    await call("memory_retract_fact", id=fact)
    assert len((await call("memory_facts", subject=tern, predicate="nests_on"))["results"]) == 1
    family = (await call("memory_add_entity", name=f"{mark} corvid", kind="animal"))["id"]
    for name in ["crow", "rook"]:
        corvid = (await call("memory_add_entity", name=f"{mark} {name}", properties={mark: "caws"}))["id"]
        await call("memory_add_fact", subject=corvid, predicate="is_a", object_entity=family)
    told = await call("memory_reorganise", dry_run=True, limit=1000)
    said = [(one["class"], one["members"]) for one in told["moves"] if one["property"] == mark]
    assert (told["reorganised"], said) == (False, [(family, 2)]), told
    assert (await call("memory_reorganise"))["reorganised"]
    caws = await call("memory_property", id=corvid, name=mark)
    assert (caws["value"], caws["from"]) == ("caws", family), caws
    assert (await call("memory_get_entity", id=tern))["aliases"] == [f"{mark} sterna"]
    assert f"entity {10**9}" in await call.refused("memory_get_entity", id=10**9)
    assert "arguments.id" in await call.refused("memory_neighbours")
    await believing(call, tern)
    await relating(call, mark, tern, bird)
    await branching(call, mark, tern)
    gull = (await call("memory_add_entity", name=f"{mark} gull", kind="animal"))["id"]
    await call("memory_merge_entities", id=tern, **{"from": gull})
    await call("memory_delete_entity", id=tern, erase=True)
    assert (await call("memory_entities", name=f"{mark} tern"))["results"] == []
    await call("memory_delete_entity", id=bird)
    told = await call("memory_allocate", text=f"{mark}: terns nest on gravel")
    spikes = [one["seconds"] for one in told["first_spikes"]]
    assert spikes == sorted(spikes) and 0 < len(spikes) <= 8 and told["settled"], told
    hits = (await call("memory_search", query='bees "no such phrase"', syntax="operators"))["results"]
    assert hits == [], hits


async def believing(call, tern):
    """A fact that is given up, and had back, as its history tells."""
    fact = (await call("memory_add_fact", subject=tern, predicate="dives_for", object="eels"))["id"]
    assert (await call("memory_contract_fact", id=fact))["given_up"] == [fact]
    assert (await call("memory_facts", subject=tern, predicate="dives_for"))["results"] == []
    assert (await call("memory_restore_fact", id=fact))["id"] == fact
    events = (await call("memory_knowledge_history", item=f"fact {fact}"))["results"]
    assert [event["after"] is None for event in events] == [False, True, False], events
    assert "expected an item as" in await call.refused("memory_knowledge_history", item="fact")


async def relating(call, mark, tern, bird):
    """Relations of an entity, what is near it, and one that goes."""
    ends = {"from": {"entity": tern}, "to": {"entity": bird}}
    relation = (await call("memory_link", kind="mobs", **ends))["id"]
    listed = (await call("memory_relations", entity=tern))["results"]
    assert [(one["id"], one["kind"], one["to"]) for one in listed] == [(relation, "mobs", {"entity": bird})], listed
    near = (await call("memory_neighbours", id=tern))["results"]
    assert f"{mark} bird" in [one["name"] for one in near], near
    await call("memory_delete_relation", id=relation)
    assert (await call("memory_relations", entity=tern))["results"] == []
    assert "`memory` or `entity`" in await call.refused("memory_relations")


async def branching(call, mark, tern):
    """A branch that is split, looked back on, merged when it is ready, and pruned."""
    plan = (await call("memory_create_branch", name=f"{mark} plan"))["id"]
    said = {"subject": tern, "predicate": "winters_in", "branch": plan}
    stays, goes = [(await call("memory_add_fact", object=place, **said))["id"] for place in ("Ghana", "Togo")]
    other = (await call("memory_split_branch", id=plan, name=f"{mark} other", items=[f"fact {goes}"]))["id"]
    assert "arguments.id" in await call.refused("memory_split_branch", name="x", items=[])
    events = await call("memory_branch_history", id=plan, limit=2)
    assert events["results"][0]["item"] == f"fact {stays}" and events["next"] == 2, events
    waits = await call("memory_consolidate_branch", id=plan)
    assert not waits["consolidated"] and "score" in waits["why_not"][0], waits
    assert (await call("memory_consolidate_branch", id=plan, min_score=0))["consolidated"]
    pruned = await call("memory_prune_branches", older_than_seconds=0, unmerged=True, dry_run=True)
    assert {plan, other} <= set(pruned["branches"]) and not pruned["pruned"], pruned
    pruned = await call("memory_prune_branches", older_than_seconds=0, unmerged=True)
    assert {plan, other} <= set(pruned["branches"]) and pruned["pruned"], pruned
    left = [one["id"] for one in (await call("memory_branches"))["results"]]
    assert plan not in left and other not in left, left


async def thinking(call, mark):
    """Patterns of thinking, compounds, snapshots."""
    user = f"{mark}-think"
    first = await call("memory_snapshot", name="first", user_id=user)
    assert "name that no other has" in await call.refused("memory_snapshot", name="first", user_id=user)
    text = f"{mark}: Asks for the evidence first"
    pattern = {"text": text, "kind": "critical", "trigger": "a plan without figures", "user_id": user}
    recorded = await call("memory_record_cognitive_pattern", note="in a review", **pattern)
    again = await call("memory_record_cognitive_pattern", memory=first["id"], **pattern)
    assert (again["event"], again["id"]) == ("NONE", recorded["id"]), again
    listed = (await call("memory_cognitive_patterns", kind="critical", user_id=user))["results"]
    assert [(one["memory"], one["pattern"]["seen"]) for one in listed] == [(text, 2)], listed
    detected = await call("memory_detect_patterns", message="this plan has no figures", user_id=user)
    assert detected["deeds"] == 2 and detected["triggered"][0]["id"] == recorded["id"], detected
    assert "longest" in await call.refused("memory_detect_patterns", longest=9)
    profile = await call("memory_cognitive_profile", user_id=user)
    assert profile["kinds"] == [{"kind": "critical", "patterns": 1, "instances": 2}], profile
    assert len(profile["periods"]) == 12 and profile["periods"][-1]["instances"] == 2, profile
    for day in ("Monday", "Tuesday", "Wednesday"):
        said = f"Mary Somerville met Caroline Herschel on {day}, {mark}."
        await call("memory_turn", user_message=said, user_id=user)
    compounds = (await call("memory_compounds"))["results"]
    assert "Caroline Herschel + Mary Somerville" in [one["name"] for one in compounds], compounds
    await call("memory_snapshot", name="second", user_id=user)
    listed = (await call("memory_snapshots", user_id=user))["results"]
    assert [one["memory"] for one in listed] == ["second", "first"], listed
    moved = await call("memory_compare_snapshots", **{"from": "first", "to": "second"}, user_id=user)
    assert [one["change"] for one in moved["attitudes"]] == ["recorded", "seen"], moved
    assert moved["memories"] == 4 and (moved["from"]["name"], moved["to"]["name"]) == ("first", "second"), moved


async def tenants_and_roles(connect):
    async with connect(OPERATOR) as client:
        listed = (await client.list_tools()).tools
        text = "the code of the vault is 7345"
        name = (await Tools(client, listed)("memory_store", text=text))["results"][0]["id"]
    async with connect(OTHER) as client:
        call = Tools(client, (await client.list_tools()).tools)
        assert (await call("memory_search", query="code of the vault"))["results"] == []
        assert "vault" not in (await call("memory_export"))["lines"]
        for tool, more in [("memory_get", {}), ("memory_update", {"text": "x"}), ("memory_delete", {}),
                           ("memory_history", {})]:
            assert name in await call.refused(tool, id=name, **more)
        seeds = [{"memory": name}]
        assert name in await call.refused("memory_activate", seeds=seeds)
    async with connect(READER) as client:
        listed = (await client.list_tools()).tools
        call = Tools(client, listed)
        assert "memory_store" not in call.schemas
        assert (await call("memory_get", id=name))["memory"] == text
        assert "role writer" in await call.refused("memory_store", text="no")


async def main():
    for connect, way in [(over_http, "http"), (over_stdio, "stdio")]:
        for mode in ("auto", "legacy"):
            async with connect(OPERATOR, mode=mode) as client:
                assert client.server_info.name == "striatum", client.server_info
                await every_tool(client, f"{way} {mode}")
                print(way, client.protocol_version, "ok")
        await tenants_and_roles(connect)
        print(way, "tenants ok")


asyncio.run(main())
