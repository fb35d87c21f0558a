// Drives the official SDK, unmodified, against a served local Linear.
// Environment: LINEAR_URL, LINEAR_KEY. The faults that some steps meet are planned by tests/sdk.rs.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { LinearClient, LinearErrorType } from "@linear/sdk";

const apiUrl = process.env.LINEAR_URL;
const apiKey = process.env.LINEAR_KEY;
const client = new LinearClient({ apiUrl, apiKey });
const uuid = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const fails = async (promise) => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail("should have been refused");
};

let team, states, project, blocker, blocked, comment, attachment;
const steps = {
  "viewer": async () => {
    const me = await client.viewer;
    assert.equal(me.isMe, true);
    assert.equal((await me.organization).name, "Local");
  },
  "teams by key": async () => {
    const teams = await client.teams({ filter: { key: { eq: "ENG" } } });
    assert.equal(teams.nodes.length, 1);
    team = teams.nodes[0];
  },
  "team by id": async () => assert.equal((await client.team(team.id)).key, "ENG"),
  "states of the team": async () => {
    const found = await team.states();
    states = Object.fromEntries(found.nodes.map((state) => [state.type, state]));
    assert.equal(states.completed.name, "Done");
  },
  "states by filter": async () => {
    const found = await client.workflowStates({ filter: { team: { id: { eq: team.id } }, type: { eq: "started" } } });
    assert.deepEqual(found.nodes.map((state) => state.name), ["In Progress"]);
  },
  "label": async () => {
    const made = await client.createIssueLabel({ id: uuid(1), name: "sprint", teamId: team.id });
    assert.equal((await made.issueLabel).name, "sprint");
  },
  "label of the same name": async () => {
    const error = await fails(client.createIssueLabel({ name: "Sprint", teamId: team.id }));
    assert.equal(error.type, LinearErrorType.InvalidInput);
  },
  "project": async () => {
    const made = await client.createProject({ id: uuid(2), name: "Sprint", teamIds: [team.id] });
    project = await made.project;
    assert.equal(project.id, uuid(2));
  },
  "two batches of 50": async () => {
    for (const start of [100, 150]) {
      const issues = Array.from({ length: 50 }, (_, n) => ({
        id: uuid(start + n), teamId: team.id, title: `issue ${start + n}`, projectId: project.id,
        labelIds: [uuid(1)], stateId: states.unstarted.id,
      }));
      const made = await client.createIssueBatch({ issues });
      assert.equal(made.success, true);
    }
  },
  "batch of 51 is refused": async () => {
    const issues = Array.from({ length: 51 }, (_, n) => ({ id: uuid(300 + n), teamId: team.id, title: "x" }));
    assert.equal((await fails(client.createIssueBatch({ issues }))).type, LinearErrorType.InvalidInput);
  },
  "duplicate id is refused": async () => {
    const error = await fails(client.createIssue({ id: uuid(100), teamId: team.id, title: "again" }));
    assert.match(error.message, /conflict on insert of Issue/i);
    assert.equal(error.status, 400);
  },
  "issue by id and by identifier": async () => {
    blocker = await client.issue(uuid(100));
    assert.equal((await client.issue(blocker.identifier)).id, uuid(100));
    assert.equal((await blocker.state).type, "unstarted");
    assert.equal((await blocker.project).id, project.id);
  },
  "issue that is not there": async () => {
    assert.match((await fails(client.issue(uuid(999)))).message, /Entity not found: Issue/);
  },
  "relation": async () => {
    const made = await client.createIssueRelation({
      id: uuid(3), issueId: uuid(100), relatedIssueId: uuid(101), type: "blocks",
    });
    assert.equal(made.success, true);
  },
  "relations both ways": async () => {
    blocked = await client.issue(uuid(101));
    const inverse = (await blocked.inverseRelations()).nodes;
    assert.deepEqual(inverse.map((relation) => [relation.type, relation.issueId]), [["blocks", uuid(100)]]);
    const forward = (await blocker.relations()).nodes;
    assert.equal(forward[0].relatedIssueId, uuid(101));
    assert.equal((await blocker.inverseRelations()).nodes.length, 0);
  },
  "all pages": async () => {
    let page = await client.issues({ first: 30, filter: { labels: { some: { id: { eq: uuid(1) } } } } });
    const seen = new Set(page.nodes.map((issue) => issue.id));
    while (page.pageInfo.hasNextPage) {
      page = await page.fetchNext();
      page.nodes.forEach((issue) => seen.add(issue.id));
    }
    assert.equal(seen.size, 100);
  },
  "page of 250 by default fields is too complex": async () => {
    const error = await fails(client.issues({ first: 250 }));
    assert.match(error.message, /too complex/);
  },
  "page over 250 is refused": async () => {
    const error = await fails(client.issueRelations({ first: 251 }));
    assert.match(error.message, /must not be greater than 250|Argument Validation Error/);
  },
  "comment": async () => {
    const made = await client.createComment({ id: uuid(4), issueId: uuid(101), body: "- evidence" });
    comment = await made.comment;
    assert.equal(comment.body, "- evidence");
    assert.equal((await comment.user).isMe, true);
  },
  "comment with the same id has status 200": async () => {
    const error = await fails(client.createComment({ id: uuid(4), issueId: uuid(101), body: "again" }));
    assert.match(error.message, /conflict on insert of Comment/i);
    assert.equal(error.status, 200);
  },
  "state change": async () => {
    const changed = await client.updateIssue(uuid(100), { stateId: states.completed.id });
    const issue = await changed.issue;
    assert.equal((await issue.state).type, "completed");
    assert.ok(issue.completedAt instanceof Date);
  },
  "stale read after a write": async () => {
    await client.updateIssue(uuid(101), { stateId: states.started.id });
    assert.equal((await client.issue(uuid(101))).stateId, states.unstarted.id);
    for (let n = 0; n < 40; n += 1) {
      if ((await client.issue(uuid(101))).stateId === states.started.id) return;
    }
    assert.fail("still stale");
  },
  "file of 3 MB up and down": async () => {
    const bytes = randomBytes(3_000_000);
    const announced = await client.fileUpload("text/plain", "out.txt", bytes.length);
    const file = announced.uploadFile;
    const headers = { "Content-Type": "text/plain" };
    file.headers.forEach(({ key, value }) => { headers[key] = value; });
    const sent = await fetch(file.uploadUrl, { method: "PUT", headers, body: bytes });
    assert.equal(sent.status, 200);
    const got = await fetch(file.assetUrl, { headers: { Authorization: apiKey } });
    const back = Buffer.from(await got.arrayBuffer());
    const hash = (data) => createHash("sha256").update(data).digest("hex");
    assert.equal(hash(back), hash(bytes));
    assert.equal((await fetch(file.assetUrl)).status, 401);
    attachment = file.assetUrl;
  },
  "attachment is one for each address": async () => {
    const input = { issueId: uuid(101), url: attachment, title: "out.txt" };
    const first = await (await client.createAttachment({ ...input, metadata: { rev: 1 } })).attachment;
    const second = await (await client.createAttachment({ ...input, metadata: { rev: 2 } })).attachment;
    assert.equal(first.id, second.id);
    assert.deepEqual(second.metadata, { rev: 2 });
  },
  "trash": async () => {
    await client.deleteIssue(uuid(149));
    assert.equal((await client.issue(uuid(149))).trashed, true);
    assert.equal((await client.issues({ filter: { id: { eq: uuid(149) } } })).nodes.length, 0);
    assert.equal((await client.issues({ filter: { id: { eq: uuid(149) } }, includeArchived: true })).nodes.length, 1);
  },
  "rate limit with its end": async () => {
    const error = await fails(client.organization);
    assert.equal(error.type, LinearErrorType.Ratelimited);
    assert.equal(error.requestsRemaining, 0);
    assert.ok(error.requestsResetAt > 1_600_000_000_000, "in ms");
  },
  "internal error": async () => assert.equal((await fails(client.organization)).status, 500),
  "page of a proxy": async () => assert.equal((await fails(client.organization)).status, 502),
  "lost reply, then the same id": async () => {
    const create = () => client.createIssue({ id: uuid(5), teamId: team.id, title: "once" });
    await fails(create());
    assert.match((await fails(create())).message, /conflict on insert of Issue/i);
    assert.equal((await client.issue(uuid(5))).title, "once");
  },
  "wrong key": async () => {
    const error = await fails(new LinearClient({ apiUrl, apiKey: "lin_api_wrong" }).viewer);
    assert.equal(error.type, LinearErrorType.AuthenticationError);
  },
};

for (const [name, step] of Object.entries(steps)) {
  try {
    await step();
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(`FAILED ${name}: ${error.stack ?? error}`);
    process.exitCode = 1;
  }
}
