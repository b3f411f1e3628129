package diff

import "configtrail"

// noiseRule is one kind of edit that says nothing to a person.
type noiseRule struct {
	class  configtrail.Noise
	types  string // resource type; "" for all, "AWS::EC2::*" for a service
	path   string // JSON Pointer; "*" for one segment, "**" at the end for any number
	reason string
}

// noiseOrder is the order in which the classes of a change's edits are asked:
// the first one that any of them has names the change.
var noiseOrder = []configtrail.Noise{
	configtrail.NoiseCounter,
	configtrail.NoiseMirroredRelationship,
	configtrail.NoiseCompliance,
	configtrail.NoiseInventory,
	configtrail.NoiseServiceTimestamp,
}

// whollyNoise are the types of which every item is noise, whatever changes in it.
var whollyNoise = []struct {
	resourceType string
	class        configtrail.Noise
	reason       string
}{
	{"AWS::Config::ResourceCompliance", configtrail.NoiseCompliance, "a rule's verdict about a resource whose own change is in the ledger; often more items than all other types together"},
	{"AWS::Config::ConformancePackCompliance", configtrail.NoiseCompliance, "counts of such verdicts"},
	{"AWS::SSM::ManagedInstanceInventory", configtrail.NoiseInventory, "what an agent found on an instance: packages, files, patches"},
	{"AWS::SSM::FileData", configtrail.NoiseInventory, "files that an agent found"},
	{"AWS::SSM::PatchCompliance", configtrail.NoiseInventory, "what an agent reports about patches, after each scan"},
	{"AWS::SSM::AssociationCompliance", configtrail.NoiseInventory, "what an agent reports about its associations, after each run"},
}

// noiseRules say of single properties that nobody set them. Each names its place
// from the root: a rule by name alone could be met by the key of a map that a
// person fills, such as environment variables, and hide what they did there.
//
// Left out on purpose, because they do say something: the desired capacity of a
// scaling group, which a person sets as often as a policy does, so that the
// scaling that changes it is shown; the health of its instances;
// resourceRecordSetCount of a hosted zone and DomainCount of a domain list,
// which are the only trace of records and domains; size and digest of a
// function's code; the status of a VPN tunnel; any time that only a write moves
// (they are companions).
var noiseRules = []noiseRule{
	// Measured numbers.
	{configtrail.NoiseCounter, "AWS::EC2::Subnet", "/configuration/availableIpAddressCount", "moves with every interface in the subnet"},
	{configtrail.NoiseCounter, "AWS::EC2::Host", "/configuration/availableCapacity/**", "moves with every instance on the host"},
	{configtrail.NoiseCounter, "AWS::EC2::VPNConnection", "/configuration/vgwTelemetry/*/acceptedRouteCount", "routes a peer announces"},
	{configtrail.NoiseCounter, "AWS::EC2::IPAM", "/configuration/ScopeCount", "scopes are resources of their own"},
	{configtrail.NoiseCounter, "AWS::EC2::IPAMScope", "/configuration/PoolCount", "pools are resources of their own"},
	{configtrail.NoiseCounter, "AWS::DynamoDB::Table", "/configuration/itemCount", "data, measured every six hours"},
	{configtrail.NoiseCounter, "AWS::DynamoDB::Table", "/configuration/tableSizeBytes", "data, measured every six hours"},
	{configtrail.NoiseCounter, "AWS::DynamoDB::Table", "/configuration/globalSecondaryIndexes/*/itemCount", "as of the table"},
	{configtrail.NoiseCounter, "AWS::DynamoDB::Table", "/configuration/globalSecondaryIndexes/*/indexSizeBytes", "as of the table"},
	{configtrail.NoiseCounter, "AWS::DynamoDB::Table", "/configuration/localSecondaryIndexes/*/itemCount", "as of the table"},
	{configtrail.NoiseCounter, "AWS::DynamoDB::Table", "/configuration/localSecondaryIndexes/*/indexSizeBytes", "as of the table"},
	{configtrail.NoiseCounter, "AWS::DynamoDB::Table", "/configuration/provisionedThroughput/numberOfDecreasesToday", "falls back to zero every night"},
	{configtrail.NoiseCounter, "AWS::DynamoDB::Table", "/configuration/globalSecondaryIndexes/*/provisionedThroughput/numberOfDecreasesToday", "as of the table"},
	{configtrail.NoiseCounter, "AWS::SQS::Queue", "/configuration/ApproximateNumberOfMessages", "messages in the queue"},
	{configtrail.NoiseCounter, "AWS::SQS::Queue", "/configuration/ApproximateNumberOfMessagesNotVisible", "messages being worked on"},
	{configtrail.NoiseCounter, "AWS::SQS::Queue", "/configuration/ApproximateNumberOfMessagesDelayed", "messages that wait"},
	{configtrail.NoiseCounter, "AWS::ECS::Service", "/configuration/runningCount", "tasks come and go; desiredCount is what somebody wants"},
	{configtrail.NoiseCounter, "AWS::ECS::Service", "/configuration/pendingCount", "as runningCount"},
	{configtrail.NoiseCounter, "AWS::ECS::Service", "/configuration/deployments/*/runningCount", "as of the service"},
	{configtrail.NoiseCounter, "AWS::ECS::Service", "/configuration/deployments/*/pendingCount", "as of the service"},
	{configtrail.NoiseCounter, "AWS::ECS::Cluster", "/configuration/runningTasksCount", "the sum over services"},
	{configtrail.NoiseCounter, "AWS::ECS::Cluster", "/configuration/pendingTasksCount", "the sum over services"},
	{configtrail.NoiseCounter, "AWS::ECS::Cluster", "/configuration/activeServicesCount", "services are resources of their own"},
	{configtrail.NoiseCounter, "AWS::ECS::Cluster", "/configuration/registeredContainerInstancesCount", "instances are resources of their own"},
	{configtrail.NoiseCounter, "AWS::ECR::Repository", "/configuration/imageCount", "images are data that builds push"},
	{configtrail.NoiseCounter, "AWS::ECR::Repository", "/configuration/repositorySizeInBytes", "as imageCount"},
	{configtrail.NoiseCounter, "AWS::EFS::FileSystem", "/configuration/SizeInBytes/**", "data, measured every hour"},
	{configtrail.NoiseCounter, "AWS::IAM::Policy", "/configuration/attachmentCount", "attaching is a change of the user, role or group"},
	{configtrail.NoiseCounter, "AWS::IAM::Policy", "/configuration/permissionsBoundaryUsageCount", "as attachmentCount"},
	{configtrail.NoiseCounter, "AWS::NetworkFirewall::*", "/configuration/*/numberOfAssociations", "associating is a change of the firewall or its policy"},
	{configtrail.NoiseCounter, "AWS::Route53Resolver::ResolverQueryLoggingConfig", "/configuration/AssociationCount", "associations are resources of their own"},
	{configtrail.NoiseCounter, "AWS::Backup::BackupVault", "/configuration/numberOfRecoveryPoints", "recovery points are resources of their own"},
	{configtrail.NoiseCounter, "AWS::Backup::RecoveryPoint", "/configuration/BackupSizeInBytes", "grows while the backup runs"},
	{configtrail.NoiseCounter, "AWS::RDS::*", "/configuration/percentProgress", "how far a backup or copy is"},
	{configtrail.NoiseCounter, "AWS::Redshift::*", "/configuration/dataTransferProgress/**", "how far a resize is"},
	{configtrail.NoiseCounter, "AWS::Redshift::*", "/configuration/restoreStatus/**", "how far a restore is"},
	{configtrail.NoiseCounter, "AWS::Redshift::ClusterSnapshot", "/configuration/backupProgressInMegaBytes", "how far a backup is"},
	{configtrail.NoiseCounter, "AWS::Redshift::ClusterSnapshot", "/configuration/currentBackupRateInMegaBytesPerSecond", "how far a backup is"},
	{configtrail.NoiseCounter, "AWS::Redshift::ClusterSnapshot", "/configuration/elapsedTimeInSeconds", "how far a backup is"},
	{configtrail.NoiseCounter, "AWS::Redshift::ClusterSnapshot", "/configuration/estimatedSecondsToCompletion", "how far a backup is"},
	{configtrail.NoiseCounter, "AWS::Redshift::ClusterSnapshot", "/configuration/actualIncrementalBackupSizeInMegaBytes", "how far a backup is"},
	{configtrail.NoiseCounter, "AWS::Redshift::ClusterSnapshot", "/configuration/totalBackupSizeInMegaBytes", "how far a backup is"},

	// The other end of a change to another resource. Of two ends one is always
	// kept: what is here is told by the configuration of the resource named.
	{configtrail.NoiseMirroredRelationship, "", "/relationships/**", "AWS Config derives relationships from the configuration of either end; the end that was changed shows it there too"},
	{configtrail.NoiseMirroredRelationship, "AWS::EC2::Volume", "/configuration/attachments/**", "told by blockDeviceMappings of the instance"},
	{configtrail.NoiseMirroredRelationship, "AWS::EC2::Volume", "/configuration/state/**", "available and in-use follow attachments"},
	{configtrail.NoiseMirroredRelationship, "AWS::EC2::NetworkInterface", "/configuration/attachment/**", "told by networkInterfaces of the instance; others are attached by the service that made them"},
	{configtrail.NoiseMirroredRelationship, "AWS::EC2::NetworkInterface", "/configuration/status", "available and in-use follow the attachment"},
	{configtrail.NoiseMirroredRelationship, "AWS::AutoScaling::AutoScalingGroup", "/configuration/instances/*", "an instance that joins or leaves is created or deleted itself; its health and lifecycle, below this path, still show"},
	{configtrail.NoiseMirroredRelationship, "AWS::RDS::DBCluster", "/configuration/dBClusterMembers/*", "an instance that joins or leaves is created or deleted itself; a new writer, below this path, still shows"},
	{configtrail.NoiseMirroredRelationship, "AWS::RDS::DBInstance", "/configuration/readReplicaDBInstanceIdentifiers/**", "told by the replica"},

	// Times that a service moves without a write call.
	{configtrail.NoiseServiceTimestamp, "AWS::IAM::Role", "/configuration/roleLastUsed/**", "use, not change"},
	{configtrail.NoiseServiceTimestamp, "AWS::IAM::User", "/configuration/passwordLastUsed", "use, not change"},
	{configtrail.NoiseServiceTimestamp, "", "/configuration/lastAccessedDate", "use, not change"},
	{configtrail.NoiseServiceTimestamp, "", "/configuration/lastUsedDate", "use, not change"},
	{configtrail.NoiseServiceTimestamp, "", "/configuration/lastActivityTime", "use, not change"},
	{configtrail.NoiseServiceTimestamp, "", "/configuration/lastPingDateTime", "an agent's sign of life"},
	{configtrail.NoiseServiceTimestamp, "AWS::RDS::*", "/configuration/latestRestorableTime", "moves every five minutes"},
	{configtrail.NoiseServiceTimestamp, "AWS::RDS::*", "/configuration/earliestRestorableTime", "moves as backups expire"},
	{configtrail.NoiseServiceTimestamp, "AWS::RDS::DBCluster", "/configuration/earliestBacktrackTime", "moves all the time"},
	{configtrail.NoiseServiceTimestamp, "AWS::DynamoDB::Table", "/supplementaryConfiguration/ContinuousBackupsDescription/pointInTimeRecoveryDescription/earliestRestorableDateTime", "moves as backups expire"},
	{configtrail.NoiseServiceTimestamp, "AWS::DynamoDB::Table", "/supplementaryConfiguration/ContinuousBackupsDescription/pointInTimeRecoveryDescription/latestRestorableDateTime", "moves all the time"},
	{configtrail.NoiseServiceTimestamp, "AWS::CloudWatch::*", "/configuration/stateUpdatedTimestamp", "the alarm was evaluated; its state, if it flipped, still shows"},
	{configtrail.NoiseServiceTimestamp, "AWS::CloudWatch::*", "/configuration/stateReason", "the figures of that evaluation"},
	{configtrail.NoiseServiceTimestamp, "AWS::CloudWatch::*", "/configuration/stateReasonData/**", "the figures of that evaluation"},
	{configtrail.NoiseServiceTimestamp, "AWS::Redshift::Cluster", "/configuration/nextMaintenanceWindowStartTime", "moves every week"},
	{configtrail.NoiseServiceTimestamp, "AWS::Redshift::Cluster", "/configuration/expectedNextSnapshotScheduleTime", "moves with every snapshot"},
	{configtrail.NoiseServiceTimestamp, "AWS::Redshift::Cluster", "/supplementaryConfiguration/LoggingStatus/lastSuccessfulDeliveryTime", "moves every hour"},
	{configtrail.NoiseServiceTimestamp, "AWS::EC2::VPNConnection", "/configuration/vgwTelemetry/*/lastStatusChange", "the status, if it changed, still shows"},
	{configtrail.NoiseServiceTimestamp, "AWS::Backup::RecoveryPoint", "/configuration/LastRestoreTime", "use, not change"},
	{configtrail.NoiseServiceTimestamp, "AWS::ACM::Certificate", "/configuration/renewalSummary/updatedAt", "the renewal, if it went on, still shows"},
	{configtrail.NoiseServiceTimestamp, "AWS::CloudFormation::Stack", "/configuration/driftInformation/lastCheckTimestamp", "looking for drift changes nothing; what it found still shows"},
	{configtrail.NoiseServiceTimestamp, "AWS::OpenSearch::Domain", "/configuration/ServiceSoftwareOptions/AutomatedUpdateDate", "the service's own schedule"},
	{configtrail.NoiseServiceTimestamp, "AWS::Elasticsearch::Domain", "/configuration/serviceSoftwareOptions/automatedUpdateDate", "the service's own schedule"},
}

// companions are times that move with other properties. Alone they say that
// somebody wrote something, so they are no noise; beside noise they add nothing.
var companions = []string{
	"/configuration/lastModified",
	"/configuration/lastModifiedTime",
	"/configuration/lastModifiedDate",
	"/configuration/lastModifiedTimestamp",
	"/configuration/lastUpdatedTime",
	"/configuration/lastUpdatedDate",
	"/configuration/lastUpdatedAt",
	"/configuration/lastUpdateDate",
	"/configuration/updateDate",
	"/configuration/updatedAt",
}
