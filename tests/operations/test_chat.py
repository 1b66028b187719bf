"""Conversations: what is sent, what is remembered, and answers that are not whole."""

import pytest

from operations.chat import Conversation
from operations.errors import EndpointError
from tests.operations.deployed import KEY, Deployed


def said(conversation: Conversation, text: str) -> list[str]:
    return list(conversation.ask(text))


def test_answers_stream_and_the_history_goes_with_the_next_question(deployed: Deployed) -> None:
    conversation = Conversation(deployed.url, "tone", KEY, system="be brief")
    assert said(conversation, "first") == ["one", " ", "be brief first"]
    assert said(conversation, "second")[-1] == "be brief first one be brief first second"
    assert conversation.usage
    assert (conversation.usage.prompt_tokens, conversation.usage.completion_tokens) == (3, 2)
    assert 0 < conversation.usage.first_seconds <= conversation.usage.seconds
    conversation.reset()
    assert said(conversation, "third")[-1] == "be brief third"

    with pytest.raises(EndpointError, match="broke off: the engine broke"):
        said(conversation, "break")
    with pytest.raises(EndpointError, match="ended before it was whole"):
        said(conversation, "cut")
    assert [message["content"] for message in conversation.messages] == ["third", "one be brief third"]

    conversation.model = "nobody"
    with pytest.raises(EndpointError, match="404: there is no model nobody"):
        said(conversation, "hello")
    conversation.api_key = "wrong"
    with pytest.raises(EndpointError, match="401"):
        said(conversation, "hello")
    with pytest.raises(EndpointError, match="cut off"):
        said(Conversation("http://127.0.0.1:9", "tone"), "hello")
