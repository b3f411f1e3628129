package analyst

import (
	"testing"

	"configtrail/internal/message"
)

// TestHonestReports holds that reports as a good model writes them pass whole.
func TestHonestReports(t *testing.T) {
	for lang, text := range map[message.Lang]string{message.Japanese: honestJA, message.English: honestEN} {
		for _, v := range checkerOf(t, lang).violations(text) {
			t.Errorf("%s: %s is refused as %s: %s", lang, v.Sentence, v.Rule, v.What)
		}
	}
}

const honestJA = `2024年11月は、変更が前月の⟦b9⟧から⟦b10⟧増え、⟦b1⟧となりました。
内訳は作成⟦b2⟧、更新⟦b3⟧、削除⟦b4⟧で、再作成はありません⟦b5⟧。
対象は⟦b7⟧のアカウント、⟦b6⟧のリソースです。
変更は⟦b6⟧のリソースと⟦b7⟧のアカウントに及びました。
最も注意が必要なのは、acct_1のres_1です。
⟦b16⟧に、res_1のインバウンドルールがSSHまたはRDPをインターネット全体に許可する内容へ変わりました。
⟦b16⟧に検出されたres_1は、SSHやRDPがIPv4のインターネット全体に開放された状態を示しており、重大度はcriticalです。
次に、⟦b17⟧にはacct_2のS3バケットres_2でパブリックアクセスブロックが緩められており、データが外部に公開されるおそれがあります。
また、⟦b18⟧にはacct_1でセキュリティグループの変更が集中し、通常を上回る急増として検出されました。
その裏付けとなる変更は⟦b19⟧です。
一時的な作業や自動デプロイによる可能性もありますが、意図した変更かどうかの確認が必要です。
削除では、⟦b20⟧にactor_1がIAMロールres_3を削除しています。
このロールを利用しているワークロードがないか確認してください。
アカウント別では、acct_1が⟦b11⟧で最も多く、前月から増加しています。
一方、acct_2は⟦b12⟧で、前月より減少しました。
リージョン別ではap-northeast-1に⟦b15⟧の変更が集中しています。
acct_2のap-northeast-1では⟦b21⟧以降の配信データが欠けているため、実際の変更はこれより多い可能性があります。
なお、CloudTrailのイベントが取り込まれていないため、多くの変更について操作者は特定できていません⟦b22⟧。
優先して確認したい点は次のとおりです。
- セキュリティグループの公開ルールが業務上必要か、不要であれば速やかに閉じること
- バケットの公開設定と、保存されているデータの機密性
- 急に多く行われた変更の実施者と目的
- データの欠落期間について、配信設定とレコーダーの状態
意図しない変更であれば、直ちに元の設定へ戻すことをお勧めします。
変更の多くは更新で、⟦b3⟧を占めます。
作成は⟦b2⟧と前月より増え、削除は⟦b4⟧と減りました。
ノイズとして除外された変更は⟦b8⟧です。
セキュリティグループの変更は⟦b13⟧で、前月から増えています。
設定ミスによるものか、検証目的の一時的な開放かを切り分けてください。
特に、本番環境への影響を最優先で確認すべきです。
前月と比べて活動が活発でした。`

const honestEN = `In November 2024, the organisation saw ⟦b1⟧ changes, an increase of ⟦b10⟧ over the month before (⟦b9⟧).
Most of these were updates (⟦b3⟧), alongside ⟦b2⟧ creations and ⟦b4⟧ deletions; nothing was recreated (⟦b5⟧).
The changes touched ⟦b6⟧ resources across ⟦b7⟧ accounts.
Activity rose in acct_1, which accounted for ⟦b11⟧ changes.
In acct_2, changes fell to ⟦b12⟧.
The most serious finding is critical: at ⟦b16⟧, security group res_1 in acct_1 was opened to the IPv4 internet for SSH or RDP.
This was flagged because it exposes administrative ports to anyone, so it should be confirmed or reverted right away.
A high-severity finding at ⟦b17⟧ concerns res_2 in acct_2, where the public access block on the bucket was loosened.
If the bucket holds sensitive data, it may now be reachable from outside the organisation.
A burst of changes to security groups in acct_1 began at ⟦b18⟧, backed by ⟦b19⟧ changes.
Deleted at ⟦b20⟧ by actor_1: the IAM role res_3.
Coverage for acct_2 in ap-northeast-1 is incomplete from ⟦b21⟧ onwards, so some changes may be missing.
CloudTrail events were not available, so it is not known who made most of the changes ⟦b22⟧.
Next steps:
- Confirm with the owners of acct_1 whether the open rule on res_1 was intended, and close it if not.
- Review the bucket policy and object contents of res_2 before anything else.
- Check who made the burst of changes and whether it matches a planned deployment.
- Restore or explain the gap in deliveries, since changes made during it would not appear here.
Noise accounts for another ⟦b8⟧ changes that are not counted above.
Overall, the month was busier than the month before, with ⟦b1⟧ changes.
Security group changes grew to ⟦b13⟧, which fits the burst described above.
Treat the exposure of res_1 as urgent.
These areas deserve attention: public access and permissions.`
