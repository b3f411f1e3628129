package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/jsii-runtime-go"
)

// schedules wake the functions that nothing else wakes.
func (b *build) schedules() {
	s := b.settings.Schedules
	list := []struct{ function, task, when string }{
		{"Gather", "gather", s.Gather}, {"Listing", "list", s.Listing}, {"Compact", "compact", s.Compact},
		{"Daily", "daily", s.Daily}, {"Monthly", "monthly", s.Monthly},
	}
	var targets []string
	for _, one := range list {
		if f, made := b.functions[one.function]; made {
			targets = append(targets, *f.AttrArn())
		}
	}
	role := b.role("Schedule", "scheduler.amazonaws.com", "Wakes the functions of configtrail", statement{
		sid: "Wake", actions: []string{"lambda:InvokeFunction"}, resources: targets,
	})
	for _, one := range list {
		f, made := b.functions[one.function]
		if !made {
			continue
		}
		schedule := awsscheduler.NewCfnSchedule(b.stack, jsii.String(one.function+"Schedule"), &awsscheduler.CfnScheduleProps{
			Name: jsii.String(b.name(lower(one.function))), Description: jsii.String("Wakes " + b.name(lower(one.function))),
			ScheduleExpression: jsii.String(one.when), ScheduleExpressionTimezone: jsii.String(b.settings.TimeZone),
			FlexibleTimeWindow: &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: jsii.String("OFF")},
			Target: &awsscheduler.CfnSchedule_TargetProperty{
				Arn: f.AttrArn(), RoleArn: role.AttrArn(), Input: jsii.String(compact(map[string]string{"task": one.task})),
				RetryPolicy: &awsscheduler.CfnSchedule_RetryPolicyProperty{MaximumRetryAttempts: jsii.Number(2), MaximumEventAgeInSeconds: jsii.Number(300)},
			},
		})
		skip(schedule, skipped{"CKV_AWS_297", "what it sends is the name of a task"})
	}
}
