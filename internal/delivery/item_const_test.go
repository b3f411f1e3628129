package delivery_test

// item is a small configuration item in the form of S3.
const item = `{"configuration":{"a":1},"tags":{},"configurationItemVersion":"1.3","configurationItemCaptureTime":"2024-11-05T01:02:03.456Z","configurationStateId":1730768523456,"awsAccountId":"111122223333","configurationItemStatus":"OK","resourceType":"AWS::EC2::VPC","resourceId":"vpc-1","awsRegion":"us-east-1"}`
