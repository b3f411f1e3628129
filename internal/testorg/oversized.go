package testorg

import (
	"fmt"
)

func (p *place) oversizedKey(c *capture, number int) string {
	r := c.resource
	return p.folder(c.time, "OversizedChangeNotification/"+r.key.Type+"/"+lastPart(r.key.ID)) +
		fmt.Sprintf("%s_Config_%s_ChangeNotification_%s_%s_%s_%d.json.gz",
			p.account.id, p.region, r.key.Type, lastPart(r.key.ID), c.time.Format(inName), number)
}

func lastPart(id string) string {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i] == '/' || id[i] == ':' {
			return id[i+1:]
		}
	}
	return id
}

// writeOversized writes the one object that holds a capture too large for a message.
func (w *world) writeOversized(p *place, c *capture) {
	text := []byte(`{"configurationItemDiff":{"changedProperties":{},"changeType":"UPDATE"},"configurationItem":`)
	text = appendItem(text, c, c.ordinary())
	text = fmt.Appendf(text, `,"notificationCreationTime":"%s","messageType":"ConfigurationItemChangeNotification","recordVersion":"1.3"}`, stamp(w.now))
	w.store(p, p.oversizedKey(c, 0), w.compress(text), 1)
	c.visible = true
	w.settle(c.resource)
}

// writeOversizedSummary writes what remains of a message whose content could not
// be delivered: no configuration. History tells the same capture in full.
func (w *world) writeOversizedSummary(p *place, c *capture) {
	r := c.resource
	text := fmt.Appendf(nil, `{"configurationItemSummary":{"changeType":"UPDATE","configurationItemVersion":"1.3","configurationItemCaptureTime":"%s","configurationStateId":%d,"awsAccountId":"%s","configurationItemStatus":"%s","resourceType":"%s","resourceId":`,
		stamp(c.time), c.stateID, r.key.Account, c.status, r.key.Type)
	text = appendString(text, r.key.ID, false)
	text = append(text, `,"resourceName":`...)
	text = appendString(text, c.name, false)
	text = append(text, `,"ARN":`...)
	text = appendString(text, r.arn, false)
	text = fmt.Appendf(text, `,"awsRegion":"%s","availabilityZone":null,"configurationStateMd5Hash":"","resourceCreationTime":null},"s3DeliverySummary":{"s3BucketLocation":null,"errorCode":"NoSuchBucket","errorMessage":"Failed to deliver notification to bucket: bucket-example for account %s in region %s."},"notificationCreationTime":"%s","messageType":"OversizedConfigurationItemChangeDeliveryFailed","recordVersion":"1.0"}`,
		r.key.Region, r.key.Account, p.region, stamp(w.now))
	w.store(p, p.oversizedKey(c, 1), w.compress(text), 0)
}
