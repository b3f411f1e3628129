package diff

// listRule says how the elements of one kind of list are paired. The zero pair
// is that of an ordered list.
type listRule struct {
	types  string   // resource type; "" for all, "AWS::EC2::*" for a service
	path   string   // the end of the path, "*" for one segment; names match in any case
	pair   pairing  // how elements are paired
	keys   []string // names of the members whose values, together, are an element's key
	bare   bool     // one element may stand without its list
	reason string
}

// pairing is how two lists are held against each other.
type pairing uint8

const (
	inOrder   pairing = iota // by longest common subsequence: the order means something
	asSet                    // equal elements; the others are added or removed
	byKey                    // equal elements, then equal keys
	byContent                // equal elements, then equal keys, then the most alike
)

// listRules are the lists whose meaning is known. The first that fits counts.
// Lists that are not here are looked at for their shape (shapes), and otherwise
// taken as ordered, because showing a reordering that means nothing is better
// than hiding one that means something.
var listRules = []listRule{
	// Documents of policies, wherever they lie.
	{path: "Statement", pair: byContent, keys: []string{"Sid"}, bare: true, reason: "IAM evaluates all statements, in no order; a Sid is unique in its policy, but often missing"},
	{path: "Statement/*/Action", pair: asSet, bare: true, reason: "a set; IAM takes one action without a list"},
	{path: "Statement/*/NotAction", pair: asSet, bare: true, reason: "as Action"},
	{path: "Statement/*/Resource", pair: asSet, bare: true, reason: "as Action"},
	{path: "Statement/*/NotResource", pair: asSet, bare: true, reason: "as Action"},
	{path: "Statement/*/Principal/*", pair: asSet, bare: true, reason: "the accounts, services or providers of one kind are a set; services return them in changing order"},
	{path: "Statement/*/NotPrincipal/*", pair: asSet, bare: true, reason: "as Principal"},
	{path: "Statement/*/Condition/*/*", pair: asSet, bare: true, reason: "any of the values satisfies the condition"},
	{path: "AccessControlList/grantList", pair: asSet, reason: "grants of an ACL have no order and no key: a grantee may have several"},

	// The item itself.
	{path: "/relationships", pair: byKey, keys: []string{"resourceType", "resourceId", "name", "resourceName"}, reason: "AWS Config lists them in changing order; the four together are all a relationship is"},

	// Network.
	{types: "AWS::EC2::SecurityGroup", path: "ipPermissions", pair: byKey, keys: []string{"ipProtocol", "fromPort", "toPort"}, reason: "EC2 merges rules of one protocol and port range into one element and returns them in changing order"},
	{types: "AWS::EC2::SecurityGroup", path: "ipPermissionsEgress", pair: byKey, keys: []string{"ipProtocol", "fromPort", "toPort"}, reason: "as ipPermissions"},
	{path: "ipv4Ranges", pair: byKey, keys: []string{"cidrIp"}, reason: "ranges of a rule are a set; only the description may differ"},
	{path: "ipv6Ranges", pair: byKey, keys: []string{"cidrIpv6"}, reason: "as ipv4Ranges"},
	{path: "ipRanges", pair: asSet, reason: "the older spelling of ipv4Ranges"},
	{path: "prefixListIds", pair: byKey, keys: []string{"prefixListId"}, reason: "as ipv4Ranges"},
	{path: "userIdGroupPairs", pair: byKey, keys: []string{"userId", "groupId", "groupName", "vpcPeeringConnectionId"}, reason: "the sources of a rule are a set"},
	{types: "AWS::EC2::NetworkAcl", path: "entries", pair: byKey, keys: []string{"ruleNumber", "egress"}, reason: "the number, not the place in the list, is the order of evaluation"},
	{types: "AWS::EC2::NetworkAcl", path: "associations", pair: byKey, keys: []string{"networkAclAssociationId"}, reason: "a set that EC2 returns in changing order"},
	{types: "AWS::EC2::RouteTable", path: "routes", pair: byKey, keys: []string{"destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"}, reason: "the most specific destination wins, whatever the order; a destination has one route"},
	{types: "AWS::EC2::RouteTable", path: "associations", pair: byKey, keys: []string{"routeTableAssociationId"}, reason: "a set"},
	{types: "AWS::EC2::RouteTable", path: "propagatingVgws", pair: byKey, keys: []string{"gatewayId"}, reason: "a set"},
	{path: "networkInterfaces", pair: byKey, keys: []string{"networkInterfaceId"}, reason: "EC2 returns the interfaces of an instance in changing order; templates, whose interfaces have no id, fall back to their order"},
	{path: "privateIpAddresses", pair: byKey, keys: []string{"privateIpAddress"}, reason: "the primary one is marked, not first"},
	{path: "ipv6Addresses", pair: byKey, keys: []string{"ipv6Address"}, reason: "as privateIpAddresses"},
	{path: "cidrBlockAssociationSet", pair: byKey, keys: []string{"associationId"}, reason: "a set, as its name says"},
	{path: "ipv6CidrBlockAssociationSet", pair: byKey, keys: []string{"associationId"}, reason: "a set, as its name says"},
	{path: "vgwTelemetry", pair: byKey, keys: []string{"outsideIpAddress"}, reason: "the two tunnels of a VPN, in changing order"},

	// Security groups and subnets of anything.
	{path: "securityGroups", pair: byKey, keys: []string{"groupId", "securityGroupId"}, reason: "the groups of a resource are a set, as ids or as objects"},
	{path: "groups", pair: byKey, keys: []string{"groupId"}, reason: "the security groups of an interface"},
	{path: "vpcSecurityGroups", pair: byKey, keys: []string{"vpcSecurityGroupId"}, reason: "RDS and Redshift return the groups in changing order"},
	{path: "vpcSecurityGroupIds", pair: asSet, reason: "a set of ids"},
	{path: "securityGroupIds", pair: asSet, reason: "a set of ids"},
	{path: "subnetIds", pair: asSet, reason: "a set of ids"},
	{path: "subnets", pair: byKey, keys: []string{"subnetId", "subnetIdentifier"}, reason: "a set, as ids or as objects"},
	{path: "availabilityZones", pair: byKey, keys: []string{"zoneName", "name"}, reason: "a set, as names or as objects"},
	{path: "publicAccessCidrs", pair: asSet, reason: "any range admits"},

	// Volumes, instances, containers.
	{path: "blockDeviceMappings", pair: byKey, keys: []string{"deviceName"}, reason: "a device name is unique on its instance"},
	{path: "attachments", pair: byKey, keys: []string{"attachmentId", "instanceId", "vpcId", "device"}, reason: "what a volume or gateway is attached to is a set"},
	{types: "AWS::AutoScaling::AutoScalingGroup", path: "instances", pair: byKey, keys: []string{"instanceId"}, reason: "a set"},
	{types: "AWS::ElasticLoadBalancing::LoadBalancer", path: "instances", pair: byKey, keys: []string{"instanceId"}, reason: "a set"},
	{types: "AWS::ECS::*", path: "containerDefinitions", pair: byKey, keys: []string{"name"}, reason: "containers start by their dependencies, not by their place"},
	{types: "AWS::ECS::*", path: "containerDefinitions/*/secrets", pair: byKey, keys: []string{"name"}, reason: "as environment variables"},
	{types: "AWS::RDS::DBCluster", path: "dBClusterMembers", pair: byKey, keys: []string{"dBInstanceIdentifier"}, reason: "a set"},
	{path: "dBSnapshotAttributes", pair: byKey, keys: []string{"attributeName"}, reason: "a map written as a list"},
	{path: "dBClusterSnapshotAttributes", pair: byKey, keys: []string{"attributeName"}, reason: "a map written as a list"},
	{path: "attributeValues", pair: asSet, reason: "the accounts a snapshot is shared with"},
	{types: "AWS::EKS::Cluster", path: "enabledTypes", pair: byKey, keys: []string{"type"}, reason: "a set of log types"},
	{types: "AWS::Lambda::Function", path: "layers", pair: inOrder, reason: "later layers overlay earlier ones"},
	{types: "AWS::DynamoDB::Table", path: "attributeDefinitions", pair: byKey, keys: []string{"attributeName"}, reason: "a map written as a list"},
	{types: "AWS::DynamoDB::Table", path: "globalSecondaryIndexes", pair: byKey, keys: []string{"indexName"}, reason: "DynamoDB returns indexes in changing order"},
	{types: "AWS::DynamoDB::Table", path: "localSecondaryIndexes", pair: byKey, keys: []string{"indexName"}, reason: "as globalSecondaryIndexes"},

	// Identity.
	{path: "attachedManagedPolicies", pair: byKey, keys: []string{"policyArn"}, reason: "all attached policies apply, in no order"},
	{path: "policyVersionList", pair: byKey, keys: []string{"versionId"}, reason: "the default is marked, not first"},
	{path: "rolePolicyList", pair: byKey, keys: []string{"policyName"}, reason: "all inline policies apply, in no order"},
	{path: "userPolicyList", pair: byKey, keys: []string{"policyName"}, reason: "as rolePolicyList"},
	{path: "groupPolicyList", pair: byKey, keys: []string{"policyName"}, reason: "as rolePolicyList"},
	{path: "instanceProfileList", pair: byKey, keys: []string{"instanceProfileId"}, reason: "a set"},
	{types: "AWS::IAM::*", path: "groupList", pair: asSet, reason: "the groups of a user"},
	{types: "AWS::IAM::*", path: "clientIdList", pair: asSet, reason: "any audience is accepted"},
	{types: "AWS::IAM::*", path: "thumbprintList", pair: asSet, reason: "any thumbprint is accepted"},

	// Verdicts.
	{types: "AWS::Config::ResourceCompliance", path: "configRuleList", pair: byKey, keys: []string{"configRuleId", "configRuleName"}, reason: "one verdict per rule, in changing order"},

	// Storage.
	{types: "AWS::S3::Bucket", path: "BucketLifecycleConfiguration/rules", pair: byKey, keys: []string{"id"}, reason: "S3 applies all lifecycle rules, in no order; an id is unique"},
	{types: "AWS::CloudFormation::Stack", path: "outputs", pair: byKey, keys: []string{"outputKey"}, reason: "a map written as a list"},
	{types: "AWS::CloudFormation::Stack", path: "capabilities", pair: asSet, reason: "a set"},
	{types: "AWS::CloudFormation::Stack", path: "stackResourceSummaries", pair: byKey, keys: []string{"logicalResourceId"}, reason: "CloudFormation returns the resources in changing order"},
	{types: "AWS::CloudFront::Distribution", path: "origins/items", pair: byKey, keys: []string{"id"}, reason: "behaviours name their origin by id"},
	{types: "AWS::CloudFront::Distribution", path: "aliases/items", pair: asSet, reason: "a set of names"},
	{types: "AWS::CloudWatch::Alarm", path: "alarmActions", pair: asSet, reason: "all actions run"},
	{types: "AWS::CloudWatch::Alarm", path: "okactions", pair: asSet, reason: "all actions run"},
	{types: "AWS::CloudWatch::Alarm", path: "insufficientDataActions", pair: asSet, reason: "all actions run"},
}

// shapes are maps that AWS writes as lists of pairs, under whatever name: tags,
// parameters, attributes, environment variables, dimensions. A list has a shape
// when every element is an object with the first name, and all those are
// scalars that differ; the other names are what the pair may hold, "" anything.
var shapes = []struct {
	key, value string
	rule       listRule
}{
	{"key", "value", listRule{pair: byKey, keys: []string{"key"}, reason: "tags and attributes"}},
	{"tagKey", "tagValue", listRule{pair: byKey, keys: []string{"tagKey"}, reason: "tags of KMS"}},
	{"parameterKey", "parameterValue", listRule{pair: byKey, keys: []string{"parameterKey"}, reason: "parameters of stacks"}},
	{"parameterName", "parameterValue", listRule{pair: byKey, keys: []string{"parameterName"}, reason: "parameters of RDS and ElastiCache"}},
	{"name", "value", listRule{pair: byKey, keys: []string{"name"}, reason: "environment variables and dimensions"}},
	{"name", "values", listRule{pair: byKey, keys: []string{"name"}, reason: "filters"}},
}

// identities are members that say, of two elements that stand at one place of
// an ordered list, whether they are the same thing.
var identities = []string{"id", "arn", "name", "ID", "ARN", "ruleId", "ruleName", "logicalId", "priority"}
