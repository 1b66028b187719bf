"""A policy pack of the engine's own protocol without a rule: what any pack costs, and no pack can cost less."""

from concurrent import futures

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2


class Empty(analyzer_pb2_grpc.AnalyzerServicer):
    """Has nothing to say."""

    def Handshake(self, request: object, context: object) -> analyzer_pb2.AnalyzerHandshakeResponse:
        """Nothing of the engine's address is needed."""
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, request: object, context: object) -> plugin_pb2.PluginInfo:
        """Some version."""
        return plugin_pb2.PluginInfo(version="0.1.0")

    def ConfigureStack(self, request: object, context: object) -> analyzer_pb2.AnalyzerStackConfigureResponse:
        """Takes any stack."""
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def GetAnalyzerInfo(self, request: object, context: object) -> analyzer_pb2.AnalyzerInfo:
        """No rules."""
        return analyzer_pb2.AnalyzerInfo(name="empty", version="0.1.0")

    def Configure(self, request: object, context: object) -> empty_pb2.Empty:
        """Takes any configuration."""
        return empty_pb2.Empty()

    def Remediate(self, request: object, context: object) -> analyzer_pb2.RemediateResponse:
        """Repairs nothing."""
        return analyzer_pb2.RemediateResponse()

    def Analyze(self, request: object, context: object) -> analyzer_pb2.AnalyzeResponse:
        """Finds nothing in a resource."""
        return analyzer_pb2.AnalyzeResponse()

    def AnalyzeStack(self, request: object, context: object) -> analyzer_pb2.AnalyzeResponse:
        """Finds nothing in the stack."""
        return analyzer_pb2.AnalyzeResponse()

    def Cancel(self, request: object, context: object) -> empty_pb2.Empty:
        """Nothing to end."""
        return empty_pb2.Empty()


server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", 400 << 20)])
analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Empty(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
