import { describe, expect, it } from "vitest";
import * as z from "zod";
import { ENVIRONMENTS, type EnvironmentName } from "../../core/model/pipeline.ts";
import { allowed, resources, useAssembly, type Resource, type Template } from "./synthesised.ts";

const { of, templates } = useAssembly();

const Rule = z.looseObject({
  IpProtocol: z.string(),
  FromPort: z.number().optional(),
  ToPort: z.number().optional(),
  CidrIp: z.unknown().optional(),
  SourceSecurityGroupId: z.unknown().optional(),
});
const Rules = z.array(Rule).default([]);
const rulesOf = (name: EnvironmentName, direction: "Ingress" | "Egress") => [
  ...of(name, "AWS::EC2::SecurityGroup").flatMap(({ properties }) =>
    Rules.parse(properties[`SecurityGroup${direction}`]),
  ),
  ...of(name, `AWS::EC2::SecurityGroup${direction}`).map(({ properties }) => Rule.parse(properties)),
];
/** What the CDK writes where nothing may go out: a group without a rule would let everything out. */
const NOWHERE = "255.255.255.255/32";

const Refs = z.array(z.object({ Ref: z.string() })).transform((refs) => refs.map(({ Ref }) => Ref));
const Attribute = z.object({ "Fn::GetAtt": z.tuple([z.string(), z.string()]) });
const Statement = z.looseObject({
  Action: z.union([z.string(), z.array(z.string())]).transform((actions) => [actions].flat()),
});
const Endpoint = z
  .looseObject({
    VpcEndpointType: z.string(),
    ServiceName: z.object({ "Fn::Join": z.tuple([z.string(), z.array(z.unknown())]) }),
    PolicyDocument: z.object({ Statement: z.array(Statement) }),
    SubnetIds: Refs.optional(),
    RouteTableIds: Refs.optional(),
  })
  .transform((endpoint) => ({
    ...endpoint,
    // com.amazonaws.<region>.ecr.api
    service: String(endpoint.ServiceName["Fn::Join"][1].at(-1)).slice(1),
    allows: endpoint.PolicyDocument.Statement.flatMap(({ Action }) => Action),
  }));
const endpointsOf = (name: EnvironmentName, kind: "Gateway" | "Interface") =>
  of(name, "AWS::EC2::VPCEndpoint")
    .map(({ properties }) => Endpoint.parse(properties))
    .filter(({ VpcEndpointType }) => VpcEndpointType === kind);

const taskSubnets = (name: EnvironmentName) =>
  of(name, "AWS::EC2::Subnet").filter(({ properties }) => JSON.stringify(properties["Tags"]).includes('"tasks"'));
const tablesOf = (name: EnvironmentName, subnets: readonly Resource[]) =>
  of(name, "AWS::EC2::SubnetRouteTableAssociation")
    .filter(({ properties }) => subnets.some(({ id }) => id === refOf(properties["SubnetId"])))
    .map(({ properties }) => refOf(properties["RouteTableId"]));
const refOf = (value: unknown): string => z.object({ Ref: z.string() }).parse(value).Ref;

/** Services have one endpoint each, except for ECR; `kms` is used by other services on a task's behalf. */
const ENDPOINTS: Readonly<Record<string, readonly string[]>> = { ecr: ["ecr.api", "ecr.dkr"], kms: [] };

/** What the roles of containers allow, those that start them among them: read from the templates, role by role. */
function containerActions(templates: readonly Template[]): readonly string[] {
  const actions = templates.flatMap((template) => {
    const roles = new Set(
      resources([template], "AWS::ECS::TaskDefinition").flatMap(({ properties }) =>
        ["TaskRoleArn", "ExecutionRoleArn"].map((key) => Attribute.parse(properties[key])["Fn::GetAtt"][0]),
      ),
    );
    const policies = new Set(
      resources([template], "AWS::IAM::Policy")
        .filter(({ properties }) => Refs.parse(properties["Roles"]).some((role) => roles.has(role)))
        .map(({ id }) => id),
    );
    return allowed([template]).filter(({ policy }) => policies.has(policy));
  });
  return [...new Set(actions.flatMap((statement) => statement.actions))];
}
const prefixOf = (action: string): string => action.split(":")[0] ?? "";

describe.each(ENVIRONMENTS)("the network of %s", (name) => {
  it("has no NAT gateway, no fixed address and no way in", () => {
    const types = new Set(of(name).map(({ type }) => type));
    expect(types).toContain("AWS::EC2::VPC");
    for (const type of ["NatGateway", "EIP", "VPCPeeringConnection", "VPNGateway", "TransitGatewayAttachment"])
      expect(types).not.toContain(`AWS::EC2::${type}`);
    for (const { properties } of of(name, "AWS::EC2::Subnet"))
      expect(properties["MapPublicIpOnLaunch"] ?? false).toBe(false);
    for (const rule of rulesOf(name, "Ingress")) {
      expect(rule.CidrIp, "Only groups are let in").toBeUndefined();
      expect(rule.SourceSecurityGroupId).toBeDefined();
    }
  });

  it("lets out TLS, what reaches databases in private networks, and nothing else", () => {
    const groups = of(name, "AWS::EC2::SecurityGroup");
    expect(groups.length).toBeGreaterThan(0);
    for (const { id, properties } of groups)
      expect(Rules.parse(properties["SecurityGroupEgress"]).length, id).toBeGreaterThan(0);
    const hasDatabase = of(name, "AWS::RDS::DBProxy").length > 0;
    const reached = rulesOf(name, "Egress")
      .filter(({ CidrIp }) => CidrIp !== NOWHERE)
      .map(
        ({ IpProtocol, FromPort, ToPort, CidrIp }) => `${IpProtocol} ${FromPort}-${ToPort} ${CidrIp === "0.0.0.0/0"}`,
      );
    expect(new Set(reached)).toEqual(
      new Set([
        "tcp 443-443 true",
        "tcp 3306-3306 false",
        "tcp 27017-27017 false",
        ...(hasDatabase ? ["tcp 5432-5432 false"] : []),
      ]),
    );
  });

  it("reaches S3 and DynamoDB by gateways, from every subnet of containers", () => {
    const gateways = endpointsOf(name, "Gateway");
    expect(gateways.map(({ service }) => service).toSorted()).toEqual(["dynamodb", "s3"]);
    const tables = tablesOf(name, taskSubnets(name));
    expect(tables).toHaveLength(2);
    for (const { RouteTableIds } of gateways) expect(RouteTableIds).toEqual(expect.arrayContaining(tables));
  });

  it("lets through endpoints every action that a container is allowed, and roles of this account only", () => {
    const endpoints = [...endpointsOf(name, "Gateway"), ...endpointsOf(name, "Interface")];
    const passing = new Set(endpoints.map(({ service }) => service.split(".")[0]));
    const actions = containerActions(templates(name)).filter((one) => passing.has(prefixOf(one)));
    expect(actions.length).toBeGreaterThan(5);
    expect(actions.filter((action) => !endpoints.some(({ allows }) => allows.includes(action)))).toEqual([]);
    for (const { PolicyDocument, service } of endpoints) {
      for (const statement of PolicyDocument.Statement) {
        if (statement["Sid"] === "LayersOfImages") continue;
        expect(statement, service).toMatchObject({
          Condition: { StringEquals: { "aws:PrincipalAccount": { Ref: "AWS::AccountId" } } },
        });
      }
    }
  });
});

it.each(ENVIRONMENTS.filter((name) => name !== "production"))(
  "%s pays for no interface endpoint, and gives containers an address while they run",
  (name) => {
    expect(endpointsOf(name, "Interface")).toEqual([]);
    expect(publicAddresses(name)).toEqual(new Set(["ENABLED"]));
  },
);

describe("containers of production", () => {
  it("have no way to the internet", () => {
    const types = of("production").map(({ type }) => type);
    expect(
      types.filter((type) => /::(InternetGateway|EgressOnlyInternetGateway|VPCGatewayAttachment|Route)$/.test(type)),
    ).toEqual([]);
    expect(publicAddresses("production")).toEqual(new Set(["DISABLED"]));
  });

  it("have an endpoint in every zone for each service that their roles name, and for no other", () => {
    const prefixes = new Set(containerActions(templates("production")).map(prefixOf));
    // dbt's Athena adapter asks whose catalogue it is in, which needs no permission.
    const called = [...prefixes, ...(prefixes.has("athena") ? ["sts"] : [])];
    const reached = [...endpointsOf("production", "Gateway"), ...endpointsOf("production", "Interface")];
    expect(reached.map(({ service }) => service).toSorted()).toEqual(
      called.flatMap((prefix) => ENDPOINTS[prefix] ?? [prefix]).toSorted(),
    );
    const subnets = taskSubnets("production").map(({ id }) => id);
    expect(subnets).toHaveLength(2);
    for (const endpoint of endpointsOf("production", "Interface"))
      expect(endpoint).toMatchObject({ SubnetIds: subnets, PrivateDnsEnabled: true });
  });
});

it("a database has subnets that lead nowhere", () => {
  const subnets = of("ci", "AWS::EC2::Subnet").filter(
    ({ id }) => !taskSubnets("ci").some((subnet) => subnet.id === id),
  );
  const tables = tablesOf("ci", subnets);
  expect(tables).toHaveLength(2);
  const routes = of("ci", "AWS::EC2::Route").map(({ properties }) => refOf(properties["RouteTableId"]));
  expect(routes).toHaveLength(2);
  expect(routes.filter((table) => tables.includes(table))).toEqual([]);
});

const publicAddresses = (name: EnvironmentName) =>
  new Set(
    of(name, "AWS::StepFunctions::StateMachine").flatMap(
      ({ properties }) =>
        z.looseObject({ AssignPublicIp: z.string() }).safeParse(properties["DefinitionSubstitutions"]).data
          ?.AssignPublicIp ?? [],
    ),
  );
