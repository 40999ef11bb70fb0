"""What the policy says in the log of mail that agents send: what a marketplace does not want, and what follows."""

from gateway.tongue import marked

SENTENCES = (
    # How a finding of the policy ends.
    marked("%(said)s (check %(word)s of %(name)s)"),
    marked("%(said)s (check %(word)s of %(name)s; it waits until somebody releases it)"),
    marked(
        '%(said)s (check %(word)s of %(name)s; to send it all the same, change it or set %(word2)s = "warn" under [policy])'
    ),
    marked("%(said)s (check %(word)s)"),
    marked("%(said)s; it waits until somebody else releases it (check %(word)s)"),
    marked('%(said)s; set %(word)s = "warn" under [policy] to send such mail (check %(word2)s)'),
    # What was found, with words of ours beside it.
    marked("%(name)s takes %(num)s characters: “%(num2)s characters”."),
    marked(
        "%(name)s lets sellers write first within %(num)s days of an order, and the buyer has not asked: “ordered %(word)s”."
    ),
    marked("%(said)s: %(quoted)s."),
    marked("%(said)s."),
    # What a marketplace does not want.
    marked("%(name)s is not known to pass mail on to buyers; answer on its site"),
    marked("%(name)s does not want links that lead elsewhere"),
    marked("%(name)s does not want e-mail addresses in a message"),
    marked("%(name)s does not want phone numbers in a message"),
    marked("%(name)s forbids steering of reviews"),
    marked("%(name)s forbids rewards for reviews and advertising for more"),
    marked("the reference is missing that %(name)s needs to pass an answer on"),
    marked("the reference of another message is quoted; %(name)s needs this one"),
    marked("the quoted message has lost a mark that %(name)s looks for"),
    marked("%(name)s keeps these words of a subject for itself or for emergencies"),
    marked("this first message to a buyer names no order"),
    marked("the attachments have %(num)s MB; %(name)s takes %(num2)s MB"),
    marked("%(name)s takes %(num)s attachments"),
    marked("a program is attached, and no buyer should open one"),
    marked("%(name)s may not pass this type of file on"),
    marked("%(name)s forbids pictures that tell when a message is read"),
    marked("a picture is loaded from another site when the buyer reads this"),
    marked("%(name)s does not want pictures inside the text"),
    # What a message is beside others.
    marked("null sender"),
    marked("a program wrote this (%(held)s), and an answer of a program to buyers is a loop"),
    marked("somebody answered this message at %(word)s UTC already"),
    marked("%(who)s answered this message at %(word)s UTC already"),
    marked("%(who)s has sent %(num)s messages in the last hour"),
    marked("%(num)s messages went to the same people in the last hour"),
)
