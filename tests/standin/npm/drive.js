// Drives the official client against the stand-in named by its arguments and prints what it saw as one JSON object.
//   node drive.js <classic url> <REST url> <token> <classic table> <big table>

const glide = require("@glideapps/tables");

const [endpoint, endpointREST, token, classicId, bigId] = process.argv.slice(2);
const columns = {
  name: { type: "string", name: "Name" },
  quantity: { type: "number", name: "Kx9aB" },
  done: { type: "boolean", name: "zA8cC" },
};

async function drive() {
  const client = glide.withConfig({ token, endpoint, endpointREST });
  const seen = {};

  seen.apps = (await client.getApps()).map(app => [app.id, app.name]);
  const app = await client.getAppNamed("Operations");
  seen.tables = (await app.getTables()).map(table => [table.id, table.name]);
  seen.schema = (await (await app.getTableNamed("Items")).getSchema()).data.columns.map(c => [c.id, c.name, c.type.kind]);

  const items = app.table({ table: classicId, columns });
  const all = await items.get();
  seen.read = all.length;
  seen.distinct = new Set(all.map(row => row.$rowID)).size;
  seen.first = all[0];

  seen.added = await items.add({ name: "one", quantity: 1 });
  const many = Array.from({ length: 600 }, (_, number) => ({ name: `many ${number}`, quantity: number }));
  seen.addedMany = await items.add(many);
  await items.update(seen.added, { name: "uno", done: true });
  await items.update(seen.addedMany[0], { quantity: null });
  await items.update({ $rowID: seen.addedMany[1], name: "whole row", quantity: 7 });
  await items.delete(seen.addedMany.slice(2));
  seen.one = await items.get(seen.added);
  seen.cleared = await items.get(seen.addedMany[0]);
  seen.whole = await items.get(seen.addedMany[1]);
  seen.left = (await items.get()).length;

  const orders = app.table({ table: bigId, columns });
  const [pen, ink] = await orders.add([{ name: "pen", quantity: 3 }, { name: "ink", quantity: 9 }]);
  seen.queried = (await orders.get(q => q.where("quantity", ">", 2).and("name", "=", "ink").limit(5))).map(r => r.name);
  seen.either = (await orders.get(q => q.where("name", "=", "pen").or("name", "=", "ink"))).map(r => r.name);
  seen.ordered = (await orders.get(q => q.orderBy("quantity", "DESC").limit(2))).map(r => r.name);
  // IS NULL is left out: this version of the client sends `"zA8cC" IS NULL undefined`, which is no SQL.
  seen.byId = (await orders.get(pen)).name;
  await orders.delete(ink);
  seen.afterDelete = (await orders.get()).map(row => row.name);

  seen.refused = await items.get(q => q.limit(1)).then(() => "answered", error => error.message);
  seen.stranger = (await glide.withConfig({ token: "nobody", endpoint, endpointREST }).getApps()) ?? "nothing";
  return seen;
}

drive().then(
  seen => console.log(JSON.stringify(seen)),
  error => {
    console.error(error);
    process.exit(1);
  }
);
