import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sampleTrackingLog, SAMPLE_DATE } from "../../bin/first-contact/sample-log.ts";
import { accountOf, type Account } from "./account.ts";
import { cdkOf, type Cdk } from "./cdk.ts";
import { checkOut, type Checkout } from "./checkout.ts";
import { startEmulator, type Emulator } from "./emulator.ts";

const KEY = `sources/tracking-mitxonline/logs/${SAMPLE_DATE}/a.log.gz`;
const ASSET = "mitxonline/openedx/raw_data/tracking_logs";

const STACK = "lib/stacks/pipeline-stack.ts";
/** Passes every check before the deployment and fails in it, after the machine has its new text. */
const BROKEN =
  'new CfnUrl(this, "Broken", { authType: "AWS_IAM", targetFunctionArn: "nobody" }).node.addDependency(machine);';

let emulator: Emulator;
let cdk: Cdk;
let account: Account;
let checkout: Checkout;
let good: string;

beforeAll(async () => {
  checkout = checkOut();
  [emulator, good] = await Promise.all([startEmulator(), checkout.synthesise()]);
  cdk = cdkOf(emulator);
  account = accountOf(emulator);
});
afterAll(async () => {
  await emulator?.stop();
  checkout?.remove();
});

/** What a failed deployment must not touch: landed objects, rows of the lake, the ledger. */
const data = async () => ({
  landed: await account.landed(),
  tables: await account.tables(),
  ledger: await account.ledger(`materialisation#${ASSET}`),
});

describe("a deployment that cannot go through", () => {
  it("says that the account was not bootstrapped, and how to do it", async () => {
    const { status, output } = await cdk.deploy(good);
    expect(status).not.toBe(0);
    expect(output).toMatch(/not found in aws:\/\/000000000000\/us-east-1.*Please run 'cdk bootstrap'/);
    expect(await account.stacks()).toEqual({});
  });

  it("names stack and resource type when the emulator refuses a template, and makes nothing of it", async () => {
    expect(await cdk.bootstrap()).toMatchObject({ status: 0 });
    checkout.edit(["lib/emulator.ts", /^ {2}eventArchive: /m, "  objectLock: "]);
    const { status, output } = await cdk.deploy(await checkout.synthesise());
    checkout.edit(["lib/emulator.ts", /^ {2}objectLock: /m, "  eventArchive: "]);
    expect(status).not.toBe(0);
    expect(output).toMatch(
      /millrace-emulated-platform: creating.*Unrecognized resource types: \[AWS::Events::Archive\]/s,
    );
    expect(Object.values(await account.stacks())).not.toContain("CREATE_COMPLETE");
  });

  it("goes back when it fails half-way: the old texts run, the data is what it was", async () => {
    expect(await cdk.deploy(good)).toMatchObject({ status: 0 });
    await account.land(KEY, sampleTrackingLog());
    expect(await account.settled("openedx", 1)).toMatchObject([{ status: "SUCCEEDED" }]);
    const [before, machine] = [await data(), await account.machine("openedx")];
    checkout.edit(
      ["state-machines/openedx/openedx.asl.json", /"Comment": "Record the materialisation/, '"Comment": "Changed'],
      [STACK, /^import /m, 'import { CfnUrl } from "aws-cdk-lib/aws-lambda";\nimport '],
      [STACK, /^ {4}new Triggers/m, `    ${BROKEN}\n$&`],
    );
    const { status, output } = await cdk.deploy(await checkout.synthesise());
    expect(status).not.toBe(0);
    expect(output).toMatch(/UPDATE_FAILED .*emulated\/[\w-]+\/Broken.*Lambda function not found: nobody/);
    expect(Object.values(await account.stacks())).toContain("UPDATE_ROLLBACK_COMPLETE");
    expect(await account.machine("openedx")).toBe(machine);
    expect(await data()).toEqual(before);
  });
});

describe("an environment that keeps its data", () => {
  it("refuses to be destroyed, and without that protection loses its stacks but no data", async () => {
    checkout.edit(
      [STACK, `    ${BROKEN}\n`, ""],
      ["bin/environments.ts", /(emulated: {[^}]*retainData: )false/, "$1true"],
    );
    const keeping = await checkout.synthesise();
    expect(await cdk.deploy(keeping)).toMatchObject({ status: 0 });
    const before = await data();
    const refused = await cdk.destroy(keeping);
    expect(refused.status).not.toBe(0);
    expect(refused.output).toContain("cannot be deleted while TerminationProtection is enabled");

    await account.liftProtection();
    expect(await cdk.destroy(keeping)).toMatchObject({ status: 0 });
    expect(await account.stacks()).toEqual({});
    expect(await data()).toEqual(before);
  });
});
