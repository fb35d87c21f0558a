// Lists all issues as the SDK's documentation shows, and asks each for what a sprint needs to know.
// Environment: LINEAR_URL, LINEAR_KEY. Prints how many there were.
import { LinearClient } from "@linear/sdk";

const client = new LinearClient({ apiUrl: process.env.LINEAR_URL, apiKey: process.env.LINEAR_KEY });
let page = await client.issues();
let count = 0;
for (;;) {
  for (const issue of page.nodes.slice(count)) {
    await issue.state;
    await issue.labels();
    const relations = await issue.inverseRelations();
    for (const relation of relations.nodes) await relation.issue;
    await issue.comments();
    count += 1;
  }
  if (!page.pageInfo.hasNextPage) break;
  page = await page.fetchNext();
}
console.log(count);
